use std::sync::Arc;

use bytes::Bytes;

use super::Position;
use super::newest::Kept;
use super::piece::Piece;
use crate::topic::View;
use crate::wire::event;

/// Events for one message: shared bytes that only need to be put one after the other.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) parts: Vec<Part>,
    /// How many events there are.
    pub(crate) events: u64,
    /// Their size in the message.
    pub(crate) bytes: usize,
}

/// A part of a message.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// One or more events with their frames.
    Framed(Bytes),
    /// One event that still needs its frame.
    Bare(Bytes),
}

impl Part {
    /// Its size in the message.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Framed(bytes) => bytes.len(),
            Self::Bare(bytes) => event::framed_len(bytes.len()),
        }
    }
}

/// Collects events until a message is full.
pub(crate) struct Cutter {
    cut: Cut,
    view: View,
    budget: usize,
    /// Neighbouring events of one piece, which become one part.
    run: Option<Run>,
}

struct Run {
    piece: Arc<Piece>,
    start: usize,
    end: usize,
}

impl Cutter {
    /// A message may take `budget` bytes of events.
    pub(crate) fn new(view: View, budget: usize) -> Self {
        Self { cut: Cut::default(), view, budget, run: None }
    }

    /// Adds an event of a piece; `false` if the message has no room for it.
    pub(crate) fn add(&mut self, piece: &Arc<Piece>, index: usize) -> bool {
        match self.view {
            View::Body => self.add_run(piece, index, index + 1),
            View::Inner => piece.inner(index).is_none_or(|inner| self.add_part(Part::Bare(inner))),
        }
    }

    /// Adds neighbouring events, as many as there is room for; says the index that it came to.
    pub(crate) fn add_all(&mut self, piece: &Arc<Piece>, from: usize, to: usize) -> usize {
        let end = piece.fitting(from, self.budget - self.cut.bytes).min(to);
        if end > from {
            self.add_run(piece, from, end);
        }
        end
    }

    /// Adds an event that the window has dropped; `false` if the message has no room for it.
    pub(crate) fn add_kept(&mut self, kept: &Kept) -> bool {
        match self.view {
            View::Body => self.add_part(Part::Bare(kept.body.clone())),
            View::Inner => kept.inner.clone().is_none_or(|inner| self.add_part(Part::Bare(inner))),
        }
    }

    fn add_run(&mut self, piece: &Arc<Piece>, start: usize, end: usize) -> bool {
        if !self.reserve(piece.span(start..end).len()) {
            return false;
        }
        self.cut.events += (end - start) as u64;
        match &mut self.run {
            Some(run) if run.end == start && Arc::ptr_eq(&run.piece, piece) => run.end = end,
            _ => {
                self.flush();
                self.run = Some(Run { piece: Arc::clone(piece), start, end });
            }
        }
        true
    }

    fn add_part(&mut self, part: Part) -> bool {
        let fits = self.reserve(part.len());
        if fits {
            self.flush();
            self.cut.events += 1;
            self.cut.parts.push(part);
        }
        fits
    }

    fn reserve(&mut self, bytes: usize) -> bool {
        let fits = self.cut.bytes + bytes <= self.budget;
        if fits {
            self.cut.bytes += bytes;
        }
        fits
    }

    fn flush(&mut self) {
        if let Some(Run { piece, start, end }) = self.run.take() {
            self.cut.parts.push(Part::Framed(piece.slice(piece.span(start..end))));
        }
    }

    pub(crate) fn finish(mut self) -> Cut {
        self.flush();
        self.cut
    }
}

/// Events for a message, and the place that the stream has come to with them.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) cut: Cut,
    /// All wanted events up to here are in this or an earlier message, or superseded.
    pub(crate) through: Position,
}
