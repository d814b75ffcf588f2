use std::collections::{BTreeMap, BTreeSet};

use tickmesh_proto::types::{Symbol, Timestamp};

/// The signals of one close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The close.
    pub as_of: Timestamp,
    /// Whose signals came.
    pub heard: BTreeSet<Symbol>,
}

/// Gathers the signals of each close until a round of them is complete. Rounds are handed out in order, each once.
#[derive(Clone, Debug, Default)]
pub struct Gather {
    waiting: BTreeMap<Timestamp, BTreeSet<Symbol>>,
    done: Option<Timestamp>,
}

impl Gather {
    /// Begins after a round that is done already: what belongs to it or earlier ones is a repeat.
    pub fn after(done: Option<Timestamp>) -> Self {
        Self { waiting: BTreeMap::new(), done }
    }

    /// Takes a signal; repeats are let go.
    pub fn hear(&mut self, symbol: Symbol, as_of: Timestamp) {
        if self.done.is_none_or(|done| as_of > done) {
            self.waiting.entry(as_of).or_default().insert(symbol);
        }
    }

    /// The earliest round, if it is complete: every one of `all` was heard, if that is known, or a later round has
    /// begun.
    pub fn complete(&mut self, all: Option<&BTreeSet<Symbol>>) -> Option<Round> {
        let (_, heard) = self.waiting.first_key_value()?;
        let complete = self.waiting.len() > 1 || all.is_some_and(|all| heard.is_superset(all));
        if complete { self.give_up() } else { None }
    }

    /// The earliest round, complete or not: whoever has been silent for long is not waited for.
    pub fn give_up(&mut self) -> Option<Round> {
        let (as_of, heard) = self.waiting.pop_first()?;
        self.done = Some(as_of);
        Some(Round { as_of, heard })
    }

    /// The latest close of which a round waits.
    pub fn newest(&self) -> Option<Timestamp> {
        self.waiting.last_key_value().map(|(as_of, _)| *as_of)
    }

    /// Whether no round is waiting: everything heard so far is done.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_nanos(day)
    }

    fn symbol(text: &str) -> Symbol {
        Symbol::try_from(text).unwrap()
    }

    fn all() -> BTreeSet<Symbol> {
        [symbol("A"), symbol("B")].into()
    }

    fn close(round: Option<Round>) -> Option<Timestamp> {
        round.map(|round| round.as_of)
    }

    #[test]
    fn a_round_is_complete_when_all_were_heard() {
        let mut gather = Gather::default();
        gather.hear(symbol("A"), at(1));
        assert_eq!(gather.complete(Some(&all())), None);
        gather.hear(symbol("B"), at(1));
        assert_eq!(close(gather.complete(Some(&all()))), Some(at(1)));
        assert_eq!(gather.complete(Some(&all())), None);
        assert!(gather.is_idle());
    }

    #[test]
    fn a_later_round_closes_the_earlier_ones_in_order() {
        let mut gather = Gather::default();
        gather.hear(symbol("A"), at(2));
        gather.hear(symbol("A"), at(1));
        gather.hear(symbol("A"), at(3));
        assert_eq!(close(gather.complete(Some(&all()))), Some(at(1)));
        assert_eq!(close(gather.complete(Some(&all()))), Some(at(2)));
        assert_eq!(gather.complete(Some(&all())), None, "B may still speak about the third");
        assert_eq!(close(gather.give_up()), Some(at(3)));
        assert_eq!(gather.give_up(), None);
    }

    #[test]
    fn what_is_done_is_not_done_again() {
        let mut gather = Gather::after(Some(at(5)));
        gather.hear(symbol("A"), at(5));
        gather.hear(symbol("B"), at(4));
        assert!(gather.is_idle());
        gather.hear(symbol("A"), at(6));
        gather.give_up();
        gather.hear(symbol("B"), at(6));
        assert!(gather.is_idle(), "a latecomer does not open its round again");
    }
}
