//! The shared append-only event log.
//!
//! An event is encoded once and appended; a subscriber is a [`Position`] in the log. In memory the log is a window of
//! *segments*, each a few immutable *pieces*: framed events one after the other, with an index of (key, end, inner
//! part) over them. A reader takes an `Arc` of a piece under a short lock and then walks it without one, so a slow
//! reader holds up nobody, and because it holds nothing between two messages, the window's limits are the log's whole
//! memory.
//!
//! On disk each segment is a file named after the place where it begins, and holds what is needed to read it, symbols
//! included. An event is in its file before it is visible. What [`Log::append`] acknowledged outlives the process; a
//! power cut may take what the system has not written yet, unless [`SyncPolicy::EachAppend`] is set.

mod config;
mod cut;
mod epoch;
mod error;
mod file;
mod frame;
mod identity;
mod keys;
mod matcher;
mod newest;
mod piece;
mod position;
mod read;
mod record;
mod recover;
mod resume;
mod segment;
mod snapshot;
mod window;
mod writer;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};

use tokio::sync::watch;

pub use config::{LogConfig, SyncPolicy};
pub(crate) use cut::{Cut, Part};
pub(crate) use epoch::Epoch;
pub use error::LogError;
pub(crate) use matcher::Matcher;
pub use position::Position;
pub(crate) use read::Dropped;
pub use record::{Event, MAX_APPEND_BYTES, MAX_EVENT_BYTES, Record};
pub(crate) use resume::{Lost, LostReason};

use crate::cursor::Cursor;
use crate::metrics;
use error::At;
use identity::Identity;
use keys::Keys;
use piece::{Parts, Piece, PieceBuilder};
use recover::{Recovered, recover};
use window::{Following, Window};
use writer::{Files, Writer};

/// The log. Clones share it.
///
/// It has one owner that appends and then publishes; any number of readers.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    config: LogConfig,
    identity: Identity,
    /// Where the files are; `None` for a log in memory.
    dir: Option<PathBuf>,
    /// Locked first, the others after it and never the other way round.
    writer: Mutex<Writer>,
    keys: RwLock<Keys>,
    window: RwLock<Window>,
    /// The place of the newest visible event. Subscribers wait for it to move.
    head: watch::Sender<Position>,
}

const NO_PANIC: &str = "nothing panics while it holds the lock";

impl Log {
    /// Opens the log in a directory, which is made if it is missing. A torn tail is cut off.
    ///
    /// Everything that was appended is visible then, whether it had been published or not. No two logs may have the
    /// same directory open: the caller holds a lock on the data directory.
    ///
    /// # Errors
    /// If the directory cannot be read or written, or its identity is damaged.
    pub fn open(dir: &Path, config: LogConfig) -> Result<Self, LogError> {
        fs::create_dir_all(dir).at("create", dir)?;
        match Identity::read(dir)? {
            Some(identity) => Self::reopen(dir, config, identity),
            None if !file::list(dir)?.is_empty() => {
                Err(LogError::Damaged { path: dir.to_owned(), reason: "it has segments and no identity" })
            }
            None => Self::begin(dir, config),
        }
    }

    /// Opens the log in a directory, throws away what it holds and begins a new epoch.
    ///
    /// # Errors
    /// If the directory cannot be written.
    pub fn create(dir: &Path, config: LogConfig) -> Result<Self, LogError> {
        fs::create_dir_all(dir).at("create", dir)?;
        Self::begin(dir, config)
    }

    /// A log in memory alone, with a new epoch.
    pub fn memory(config: LogConfig) -> Self {
        let identity = Identity::new(Epoch::random());
        Self::build(config, identity, None, Window::new(Position::START), Keys::default(), None)
    }

    fn begin(dir: &Path, config: LogConfig) -> Result<Self, LogError> {
        let identity = Identity::new(Epoch::random());
        // The identity first: files of an earlier epoch are then leftovers, whatever happens before they are gone.
        identity.write(dir)?;
        file::list(dir)?.into_iter().try_for_each(|base| file::remove(dir, base))?;
        let files = Files { dir: dir.to_owned(), epoch: identity.epoch, last: None };
        Ok(Self::build(config, identity, Some(files), Window::new(Position::START), Keys::default(), Some(dir)))
    }

    fn reopen(dir: &Path, config: LogConfig, mut identity: Identity) -> Result<Self, LogError> {
        let Recovered { window, keys, file, cut } = recover(dir, identity.epoch)?;
        if cut > 0 {
            tracing::warn!(log = config.name, dir = %dir.display(), bytes = cut, "cut a torn tail off the event log");
        }
        identity.open(window.oldest(), window.head());
        identity.write(dir)?;
        let files = Files { dir: dir.to_owned(), epoch: identity.epoch, last: file };
        Ok(Self::build(config, identity, Some(files), window, keys, Some(dir)))
    }

    fn build(
        config: LogConfig,
        identity: Identity,
        files: Option<Files>,
        window: Window,
        keys: Keys,
        dir: Option<&Path>,
    ) -> Self {
        let head = window.head();
        let shared = Shared {
            config,
            identity,
            dir: dir.map(Path::to_owned),
            writer: Mutex::new(Writer::new(files, head)),
            keys: RwLock::new(keys),
            window: RwLock::new(window),
            head: watch::Sender::new(head),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Appends events: all of them or none, also when the process dies half-way. They are in the file when this
    /// returns, but not visible before [`publish`](Self::publish).
    ///
    /// # Errors
    /// If an event breaks a limit or the file cannot be written; the log is then as before.
    pub fn append(&self, records: &[Record<'_>]) -> Result<Position, LogError> {
        record::check(records)?;
        let mut writer = self.writer();
        if records.is_empty() {
            return Ok(writer.end());
        }
        let piece = self.piece(writer.end(), records);
        let bytes = piece.size();
        writer.append(&self.shared.config, records, piece)?;
        metrics::appended(self.shared.config.name, records.len(), bytes);
        Ok(writer.end())
    }

    fn piece(&self, base: Position, records: &[Record<'_>]) -> Piece {
        let mut piece = PieceBuilder::for_records(base, records);
        for Record { symbol, kind, time_frame, event_time, receive_time, body, inner } in records {
            let known = self.keys().find(symbol, *kind, *time_frame);
            let key =
                known.unwrap_or_else(|| self.shared.keys.write().expect(NO_PANIC).intern(symbol, *kind, *time_frame));
            let parts = Parts { event_time: *event_time, receive_time: *receive_time, inner: inner.clone(), body };
            piece.push(key, &parts);
        }
        piece.build()
    }

    /// Makes everything up to a position, as [`append`](Self::append) gave it, visible and wakes the subscribers.
    pub fn publish(&self, position: Position) {
        let mut writer = self.writer();
        let dropped = {
            let mut window = self.shared.window.write().expect(NO_PANIC);
            for pending in writer.take_pending(position) {
                if pending.begins_segment {
                    window.close_segment();
                }
                window.push(pending.piece);
            }
            self.shared.head.send_if_modified(|head| std::mem::replace(head, window.head()) != window.head());
            window.retain(&self.shared.config)
        };
        if let Err(error) = writer.remove(&dropped) {
            tracing::warn!(log = self.shared.config.name, %error, "a segment that left the window stays on disk");
        }
    }

    /// The position of the newest visible event.
    pub fn head(&self) -> Position {
        *self.shared.head.borrow()
    }

    /// The oldest position that can be resumed after.
    pub fn oldest(&self) -> Position {
        self.window().oldest()
    }

    /// The log's identity as text.
    pub fn epoch(&self) -> String {
        self.shared.identity.epoch.to_string()
    }

    /// The cursor of a position, as clients see it.
    pub fn cursor(&self, position: Position) -> String {
        let identity = &self.shared.identity;
        Cursor { epoch: identity.epoch, generation: identity.generation(), position }.to_string()
    }

    /// The visible events after a position, oldest first: for the recovery of what is derived from the log.
    ///
    /// It begins with the oldest one in the window if that is later; compare with [`oldest`](Self::oldest).
    pub fn events_after(&self, position: Position) -> impl Iterator<Item = Event> + use<> {
        let log = self.clone();
        let mut place = position;
        std::iter::from_fn(move || {
            place = place.max(log.oldest());
            let Following::Piece(piece) = log.following(place) else { return None };
            let index = piece.index_after(place);
            place = piece.base().plus(index as u64 + 1);
            Some(log.event(&piece, index, place))
        })
    }

    fn event(&self, piece: &Piece, index: usize, position: Position) -> Event {
        let entry = &piece.entries()[index];
        let key = self.keys().get(entry.key).clone();
        Event {
            position,
            symbol: key.symbol,
            kind: key.kind,
            time_frame: key.time_frame,
            event_time: entry.event_time,
            receive_time: entry.receive_time,
            body: piece.body(index),
            inner: entry.inner_range(),
        }
    }

    /// Forces what was appended to the disk. Blocks: call it off the async workers.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync(&self) -> Result<(), LogError> {
        let Some(dir) = &self.shared.dir else { return Ok(()) };
        let bases: Vec<_> = self.window().bases().collect();
        for path in bases.into_iter().map(|base| file::path_of(dir, base)) {
            match fs::File::open(&path).and_then(|file| file.sync_data()) {
                // The window may have dropped it meanwhile, and the newest segment may have no file yet.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).at("sync", &path),
                _ => {}
            }
        }
        identity::sync_dir(dir)
    }

    /// Tells when the newest visible event changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.shared.head.subscribe()
    }

    fn following(&self, position: Position) -> Following {
        self.window().following(position)
    }

    /// Takes up new keys; says how far events can be matched with them.
    fn learn(&self, matcher: &mut Matcher) -> Position {
        // The head first: the keys of events up to it are known by then.
        let head = self.head();
        matcher.learn(&self.keys());
        head
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.shared.writer.lock().expect(NO_PANIC)
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.shared.keys.read().expect(NO_PANIC)
    }

    fn window(&self) -> RwLockReadGuard<'_, Window> {
        self.shared.window.read().expect(NO_PANIC)
    }
}
