use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::StoreError;

/// A part's place in the data directory, held against other processes until it is dropped (or the process is gone,
/// however it went: the operating system gives the lock back).
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be and takes the part's lock, `{part}.lock`.
    ///
    /// # Errors
    /// If the directory cannot be written, or another process holds the part's lock.
    pub fn open(path: &Path, part: &str) -> Result<Self, StoreError> {
        let unwritable = |source| StoreError::Unwritable { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(unwritable)?;
        let lock = lock_file(&path.join(format!("{part}.lock"))).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Held { path: path.to_owned(), part: part.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unwritable(source)),
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or directory within it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_holds_it_once_and_parts_do_not_disturb_each_other() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/data");
        let market = DataDir::open(&path, "market").unwrap();
        let _model = DataDir::open(&path, "model").unwrap();
        let held = DataDir::open(&path, "market").unwrap_err();
        assert!(matches!(held, StoreError::Held { .. }));
        let text = held.to_string();
        assert!(text.contains("--data-dir") && !text.contains('\n'), "{text}");
        drop(market);
        DataDir::open(&path, "market").unwrap();
    }

    #[test]
    fn says_when_it_cannot_write() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a-file");
        std::fs::write(&file, b"").unwrap();
        let error = DataDir::open(&file, "market").unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    }
}
