use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::At;
use super::frame::{self, HEADER_BYTES, Header};
use super::{LogError, Position, Record};

const SUFFIX: &str = ".log";

/// The file of the segment that grows.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    path: PathBuf,
    file: File,
    len: u64,
    events: u64,
    /// The symbols that this file has defined, with their numbers.
    symbols: HashMap<String, u32>,
}

/// What an append would add to a file.
pub(crate) struct Addition {
    bytes: Vec<u8>,
    events: u64,
    symbols: Vec<String>,
}

impl SegmentFile {
    /// Begins a segment. What a crash left in its place is written over.
    pub(crate) fn create(dir: &Path, header: Header) -> Result<Self, LogError> {
        let path = path_of(dir, header.base);
        let mut file = File::create(&path).at("create", &path)?;
        file.write_all(&header.encode()).at("write", &path)?;
        Ok(Self { path, file, len: HEADER_BYTES as u64, events: 0, symbols: HashMap::new() })
    }

    /// Opens a segment that was read up to `len` to go on there; what follows is cut off.
    pub(crate) fn reopen(dir: &Path, read: ReadSegment) -> Result<Self, LogError> {
        let path = path_of(dir, read.header.base);
        let mut file = OpenOptions::new().write(true).open(&path).at("open", &path)?;
        cut(&mut file, read.len).at("truncate", &path)?;
        Ok(Self { path, file, len: read.len, events: read.events, symbols: read.symbols })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Encodes records for this file; nothing is written yet.
    pub(crate) fn prepare(&self, records: &[Record<'_>]) -> Addition {
        let mut bytes = Vec::with_capacity(records.iter().map(|record| record.body.len() + 64).sum());
        let mut symbols: Vec<String> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let symbol = self.number(record.symbol, &mut symbols, &mut bytes);
            frame::put_event(&mut bytes, symbol, record, index + 1 == records.len());
        }
        Addition { bytes, events: records.len() as u64, symbols }
    }

    /// The number of a symbol in this file; a new one is defined first.
    fn number(&self, symbol: &str, new: &mut Vec<String>, bytes: &mut Vec<u8>) -> u32 {
        let known = self.symbols.get(symbol).copied();
        let number =
            |index: usize| u32::try_from(self.symbols.len() + index).expect("far fewer symbols than 4 billion");
        known.or_else(|| new.iter().position(|name| name == symbol).map(number)).unwrap_or_else(|| {
            frame::put_symbol(bytes, symbol);
            new.push(symbol.to_owned());
            number(new.len() - 1)
        })
    }

    /// Writes an addition: all of it, or the file is as before.
    ///
    /// The outer error says that the file could not be brought back and must not be written any more.
    pub(crate) fn write(&mut self, addition: Addition) -> Result<Result<(), LogError>, LogError> {
        if let Err(error) = self.file.write_all(&addition.bytes) {
            cut(&mut self.file, self.len).at("truncate", &self.path)?;
            return Ok(Err(error).at("write", &self.path));
        }
        self.len += addition.bytes.len() as u64;
        self.events += addition.events;
        for symbol in addition.symbols {
            let number = u32::try_from(self.symbols.len()).expect("far fewer symbols than 4 billion");
            self.symbols.insert(symbol, number);
        }
        Ok(Ok(()))
    }

    /// Forces what was written to the disk.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.file.sync_data().at("sync", &self.path)
    }
}

/// Takes away what follows `len`, so that the next write begins there.
fn cut(file: &mut File, len: u64) -> io::Result<()> {
    file.set_len(len)?;
    file.seek(SeekFrom::Start(len)).map(|_| ())
}

/// What was read of a segment's file.
pub(crate) struct ReadSegment {
    pub(crate) header: Header,
    /// The size of what is intact.
    pub(crate) len: u64,
    pub(crate) events: u64,
    pub(crate) symbols: HashMap<String, u32>,
}

/// The file of the segment that begins at a place.
pub(crate) fn path_of(dir: &Path, base: Position) -> PathBuf {
    dir.join(format!("{:020}{SUFFIX}", base.get()))
}

/// The places at which the directory's segments begin, ascending.
pub(crate) fn list(dir: &Path) -> Result<Vec<Position>, LogError> {
    let mut bases = Vec::new();
    for entry in fs::read_dir(dir).at("list", dir)? {
        let name = entry.at("list", dir)?.file_name();
        bases.extend(name.to_str().and_then(base_of));
    }
    bases.sort_unstable();
    Ok(bases)
}

fn base_of(name: &str) -> Option<Position> {
    let digits = name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 20)?;
    digits.parse().ok().map(Position::new)
}

/// Removes the segment that begins at a place.
pub(crate) fn remove(dir: &Path, base: Position) -> Result<(), LogError> {
    let path = path_of(dir, base);
    fs::remove_file(&path).at("remove", &path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Epoch;

    fn record() -> Record<'static> {
        let time = tickmesh_proto::types::Timestamp::from_nanos(0);
        Record {
            symbol: "A",
            kind: 0,
            time_frame: 0,
            event_time: time,
            receive_time: time,
            body: "x".into(),
            inner: None,
        }
    }

    fn file(dir: &Path) -> SegmentFile {
        SegmentFile::create(dir, Header { epoch: Epoch::from_bits(1), base: Position::START }).unwrap()
    }

    #[test]
    fn a_symbol_is_defined_once_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = file(dir.path());
        let sizes = [(); 3].map(|()| {
            let addition = file.prepare(&[record(), record()]);
            let size = addition.bytes.len();
            file.write(addition).unwrap().unwrap();
            size
        });
        assert!(sizes[0] > sizes[1] && sizes[1] == sizes[2], "{sizes:?}");
    }

    #[test]
    fn a_write_to_a_full_disk_that_cannot_be_undone_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let mut full = file(dir.path());
        full.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let before = full.len();
        let addition = full.prepare(&[record()]);
        assert!(matches!(full.write(addition), Err(LogError::Io { action: "truncate", .. })));
        assert_eq!((full.len(), full.events()), (before, 0));
    }

    #[test]
    fn other_files_are_not_segments() {
        assert_eq!(base_of("00000000000000000042.log"), Some(Position::new(42)));
        assert_eq!(base_of("42.log"), None);
        assert_eq!(base_of("identity"), None);
        assert_eq!(base_of("0000000000000000004x.log"), None);
    }
}
