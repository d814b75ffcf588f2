//! The file `identity` of a log's directory: its epoch, and where each opening found its end.
//!
//! ```text
//! tickmesh log 1
//! epoch 9f86d081884c7d65
//! opened 0 0
//! opened 1 5120
//! ```
//!
//! A power cut can take events that clients have already seen. Their positions are then used again, by other events, so
//! a position alone would resume them in the wrong place without a word. Therefore a cursor also says in which opening
//! (a *generation*, counted from 0) it was made: it is good if the next opening found the log to reach at least so far.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::At;
use super::{Epoch, LogError, Position};

const FILE: &str = "identity";
const FIRST_LINE: &str = "tickmesh log 1";

/// Who a log is, and how far it reached at each of its openings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) epoch: Epoch,
    /// Ascending by generation, the current one last; never empty. Old ones are forgotten with the events they cover.
    openings: Vec<Opening>,
}

/// One opening of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Opening {
    generation: u32,
    /// How far the log reached when it was opened.
    head: Position,
}

impl Identity {
    /// The identity of a log that never was before.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, openings: vec![Opening { generation: 0, head: Position::START }] }
    }

    /// The current generation.
    pub(crate) fn generation(&self) -> u32 {
        self.openings.last().expect("a log was opened at least once").generation
    }

    /// Notes that the log was opened again and reached from `oldest` to `head`.
    pub(crate) fn open(&mut self, oldest: Position, head: Position) {
        let generation = self.generation() + 1;
        // A generation that ended before the window has no cursor that could be resumed.
        self.openings.retain(|opening| opening.head >= oldest);
        self.openings.push(Opening { generation, head });
    }

    /// How far a cursor of this generation may reach: what came later may be lost. `None` if it was forgotten.
    ///
    /// `head` is the limit of the current generation.
    pub(crate) fn reach(&self, generation: u32, head: Position) -> Option<Position> {
        if generation == self.generation() {
            return Some(head);
        }
        let later = self.openings.iter().filter(|opening| opening.generation > generation);
        // Each later opening may have lost something.
        let reach = later.clone().map(|opening| opening.head).min();
        reach.filter(|_| later.clone().any(|opening| opening.generation == generation + 1))
    }

    /// Reads the identity of a directory; `None` if it has none yet.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, LogError> {
        let path = dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match parse(&text) {
                Some(identity) => Ok(Some(identity)),
                None => Err(LogError::Damaged { path, reason: "it does not say an epoch and its openings" }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).at("read", &path),
        }
    }

    /// Writes the identity so that a crash leaves the old or the new one.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), LogError> {
        let path = dir.join(FILE);
        let new = dir.join("identity.new");
        let mut file = fs::File::create(&new).at("create", &new)?;
        file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all()).at("write", &new)?;
        fs::rename(&new, &path).at("replace", &path)?;
        sync_dir(dir)
    }

    fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nepoch {}\n", self.epoch);
        for Opening { generation, head } in &self.openings {
            writeln!(text, "opened {generation} {}", head.get()).expect("a string takes all");
        }
        text
    }
}

/// Forces the directory's entries to the disk.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    let path: PathBuf = dir.to_owned();
    fs::File::open(&path).and_then(|dir| dir.sync_all()).at("sync", &path)
}

fn parse(text: &str) -> Option<Identity> {
    let mut lines = text.lines();
    if lines.next()? != FIRST_LINE {
        return None;
    }
    let epoch = u64::from_str_radix(lines.next()?.strip_prefix("epoch ")?, 16).ok()?;
    let openings: Vec<_> = lines.map(parse_opening).collect::<Option<_>>()?;
    (!openings.is_empty()).then_some(Identity { epoch: Epoch::from_bits(epoch), openings })
}

fn parse_opening(line: &str) -> Option<Opening> {
    let (generation, head) = line.strip_prefix("opened ")?.split_once(' ')?;
    Some(Opening { generation: generation.parse().ok()?, head: Position::new(head.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Identity::read(dir.path()).unwrap(), None);
        let mut identity = Identity::new(Epoch::from_bits(0xABC));
        identity.open(Position::START, Position::new(12));
        identity.write(dir.path()).unwrap();
        assert_eq!(Identity::read(dir.path()).unwrap(), Some(identity));
    }

    #[test]
    fn nonsense_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "epoch?").unwrap();
        assert!(matches!(Identity::read(dir.path()), Err(LogError::Damaged { .. })));
    }

    #[test]
    fn a_cursor_reaches_as_far_as_every_later_opening_found_the_log() {
        let mut identity = Identity::new(Epoch::from_bits(1));
        identity.open(Position::START, Position::new(100));
        identity.open(Position::START, Position::new(80));
        identity.open(Position::START, Position::new(300));
        let head = Position::new(400);
        let reach = |generation| identity.reach(generation, head).map(Position::get);
        assert_eq!(
            [reach(0), reach(1), reach(2), reach(3), reach(4)],
            [Some(80), Some(80), Some(300), Some(400), None]
        );
    }

    #[test]
    fn openings_before_the_window_are_forgotten() {
        let mut identity = Identity::new(Epoch::from_bits(1));
        identity.open(Position::START, Position::new(100));
        identity.open(Position::new(250), Position::new(300));
        assert_eq!(identity.reach(0, Position::new(300)), None);
        assert_eq!(identity.reach(1, Position::new(300)), Some(Position::new(300)));
    }
}
