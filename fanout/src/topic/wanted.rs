use std::collections::BTreeSet;

use tickmesh_proto::types::Symbol;

/// The symbols of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// Every symbol, also those that appear later.
    All,
    /// These, in ascending order; maybe none.
    Listed(BTreeSet<Symbol>),
}

impl Symbols {
    /// Whether a symbol is among them.
    pub fn contains(&self, symbol: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(symbols) => symbols.contains(symbol),
        }
    }
}

/// Which kinds of events a stream delivers; `None` stands for any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The kind, in the numbering of the log's owner.
    pub kind: Option<u8>,
    /// The time frame's code.
    pub time_frame: Option<u8>,
}

impl Filter {
    /// Whether an event of this kind and time frame passes.
    pub fn passes(self, kind: u8, time_frame: u8) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind) && self.time_frame.is_none_or(|wanted| wanted == time_frame)
    }
}

/// Which part of a logged event a topic sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The whole body.
    #[default]
    Body,
    /// The smaller message inside; events without one are not selected.
    Inner,
}

/// What a stream selects from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The symbols.
    pub symbols: Symbols,
    /// The kinds of events.
    pub filter: Filter,
    /// The part of the events that is sent.
    pub view: View,
}
