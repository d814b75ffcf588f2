//! Reading a log's directory back.
//!
//! What is intact from the oldest file on becomes the window, up to the last whole append. A torn or damaged tail,
//! which a crash or a power cut leaves, is cut off: it was never acknowledged, or the cut took it from the disk.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::error::At;
use super::file::{self, ReadSegment, SegmentFile};
use super::frame::{self, HEADER_BYTES, Header, Payload, StoredEvent};
use super::keys::Keys;
use super::piece::{Parts, Piece, PieceBuilder};
use super::window::Window;
use super::{Epoch, LogError, Position};

/// What a directory holds.
pub(crate) struct Recovered {
    pub(crate) window: Window,
    pub(crate) keys: Keys,
    /// The last file, to go on with.
    pub(crate) file: Option<SegmentFile>,
    /// How many bytes were cut off the end.
    pub(crate) cut: u64,
}

/// Reads all segments of an epoch and removes what cannot be read.
pub(crate) fn recover(dir: &Path, epoch: Epoch) -> Result<Recovered, LogError> {
    let mut bases = file::list(dir)?.into_iter().peekable();
    let mut window = Window::new(bases.peek().copied().unwrap_or_default());
    let mut keys = Keys::default();
    let mut last = None;
    let mut cut = 0;
    for base in bases {
        let bytes = read(dir, base)?;
        // Behind a damaged place nothing can follow without a hole, and files of another epoch are leftovers.
        let header = Header { epoch, base };
        if cut > 0 || base != window.head() || Header::decode(&bytes) != Some(header) {
            cut += bytes.len() as u64;
            file::remove(dir, base)?;
            continue;
        }
        if last.is_some() {
            window.close_segment();
        }
        let (read, piece) = scan(header, &bytes, &mut keys);
        cut += bytes.len() as u64 - read.len;
        window.push(piece);
        last = Some(read);
    }
    let file = last.map(|read| SegmentFile::reopen(dir, read)).transpose()?;
    Ok(Recovered { window, keys, file, cut })
}

fn read(dir: &Path, base: Position) -> Result<Vec<u8>, LogError> {
    let path = file::path_of(dir, base);
    fs::read(&path).at("read", &path)
}

/// Takes whole appends from a file until something is not intact.
fn scan(header: Header, bytes: &[u8], keys: &mut Keys) -> (ReadSegment, Piece) {
    let mut scan = Scan { keys, names: Vec::new(), piece: PieceBuilder::new(header.base, 0, bytes.len()) };
    let mut whole = HEADER_BYTES;
    let mut symbols = 0;
    let mut append: Vec<StoredEvent<'_>> = Vec::new();
    let mut at = HEADER_BYTES;
    while let Some((payload, size)) = frame::next(&bytes[at..]) {
        at += size;
        match payload {
            Payload::Symbol(name) => scan.names.push(name.to_owned()),
            Payload::Event(event) if event.symbol as usize >= scan.names.len() => break,
            Payload::Event(event) => append.push(event),
        }
        if append.last().is_some_and(|event| event.last) {
            append.drain(..).for_each(|event| scan.take(&event));
            (whole, symbols) = (at, scan.names.len());
        }
    }
    let symbols: HashMap<_, _> = scan.names.drain(..symbols).zip(0..).collect();
    let piece = scan.piece.build();
    let events = piece.entries().len() as u64;
    (ReadSegment { header, len: whole as u64, events, symbols }, piece)
}

/// What has been read of a file so far.
struct Scan<'k> {
    keys: &'k mut Keys,
    /// The file's symbols by their number.
    names: Vec<String>,
    piece: PieceBuilder,
}

impl Scan<'_> {
    fn take(&mut self, event: &StoredEvent<'_>) {
        let StoredEvent { symbol, kind, time_frame, event_time, receive_time, inner, body, last: _ } = event;
        let key = self.keys.intern(&self.names[*symbol as usize], *kind, *time_frame);
        self.piece
            .push(key, &Parts { event_time: *event_time, receive_time: *receive_time, inner: inner.clone(), body });
    }
}
