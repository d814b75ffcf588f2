use std::collections::VecDeque;
use std::path::PathBuf;

use super::file::{self, SegmentFile};
use super::frame::Header;
use super::identity::sync_dir;
use super::piece::Piece;
use super::{Epoch, LogConfig, LogError, Position, Record, SyncPolicy};

/// The writing end of a log: its files, and what was appended and is not visible yet.
pub(crate) struct Writer {
    files: Option<Files>,
    /// Oldest first. Bounded by the appends that the log's one owner makes before it publishes.
    pending: VecDeque<Pending>,
    /// The place of the last appended event.
    end: Position,
    /// Events and bytes of the segment that grows, which the next append may close.
    segment: Filling,
    stopped: bool,
}

/// An append that is not visible yet.
pub(crate) struct Pending {
    pub(crate) piece: Piece,
    /// Whether a segment begins with it.
    pub(crate) begins_segment: bool,
}

/// How full a segment is.
#[derive(Clone, Copy, Default)]
struct Filling {
    bytes: u64,
    events: u64,
}

/// The files of a log that is kept on disk.
pub(crate) struct Files {
    pub(crate) dir: PathBuf,
    pub(crate) epoch: Epoch,
    /// The file that grows; none before the first append.
    pub(crate) last: Option<SegmentFile>,
}

impl Writer {
    /// Goes on at the end of a log; without files everything stays in memory.
    pub(crate) fn new(files: Option<Files>, end: Position) -> Self {
        let last = files.as_ref().and_then(|files| files.last.as_ref());
        let segment = last.map(|file| Filling { bytes: file.len(), events: file.events() }).unwrap_or_default();
        Self { files, pending: VecDeque::new(), end, segment, stopped: false }
    }

    /// The place of the last appended event.
    pub(crate) fn end(&self) -> Position {
        self.end
    }

    /// Writes records and holds their piece back until it is published.
    pub(crate) fn append(&mut self, config: &LogConfig, records: &[Record<'_>], piece: Piece) -> Result<(), LogError> {
        if self.stopped {
            return Err(LogError::Stopped);
        }
        let full = self.segment.events > 0 && config.is_full(self.segment.bytes, self.segment.events);
        let written = self.write(config, records, full)?;
        self.segment = if full { Filling::default() } else { self.segment };
        self.segment.bytes += written.unwrap_or(piece.size() as u64);
        self.segment.events += records.len() as u64;
        self.end = piece.end();
        self.pending.push_back(Pending { piece, begins_segment: full });
        Ok(())
    }

    /// Writes to the files; says how many bytes, or nothing for a log in memory.
    fn write(&mut self, config: &LogConfig, records: &[Record<'_>], full: bool) -> Result<Option<u64>, LogError> {
        let Some(files) = &mut self.files else { return Ok(None) };
        let file = files.current(self.end, full, config.sync)?;
        let before = file.len();
        let written = file.write(file.prepare(records)).inspect_err(|_| self.stopped = true)?;
        written?;
        if config.sync == SyncPolicy::EachAppend {
            // What may not be on the disk must not be acknowledged, and cannot be taken back either.
            file.sync().inspect_err(|_| self.stopped = true)?;
        }
        Ok(Some(file.len() - before))
    }

    /// Removes the files of segments that have left the window.
    pub(crate) fn remove(&self, bases: &[Position]) -> Result<(), LogError> {
        let Some(files) = &self.files else { return Ok(()) };
        bases.iter().try_for_each(|base| file::remove(&files.dir, *base))
    }

    /// The appends up to a place that become visible now.
    pub(crate) fn take_pending(&mut self, position: Position) -> impl Iterator<Item = Pending> {
        let ready = self.pending.partition_point(|pending| pending.piece.end() <= position);
        self.pending.drain(..ready)
    }
}

impl Files {
    /// The file that the next append goes to.
    fn current(&mut self, end: Position, full: bool, sync: SyncPolicy) -> Result<&mut SegmentFile, LogError> {
        if full || self.last.is_none() {
            let file = SegmentFile::create(&self.dir, Header { epoch: self.epoch, base: end })?;
            if sync == SyncPolicy::EachAppend {
                sync_dir(&self.dir)?;
            }
            self.last = Some(file);
        }
        Ok(self.last.as_mut().expect("it was just made"))
    }
}
