use tickmesh_proto::types::{Symbol, Timestamp};

use crate::optimise::{Objective, Outcome};
use crate::prices::Close;
use crate::risk::Figures;

use super::{Held, Plan};

/// An outcome with all that a client is told about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// The symbols in the order of the weights.
    pub symbols: Vec<Symbol>,
    /// What was sought.
    pub objective: Objective,
    /// How the optimisation ended.
    pub outcome: Outcome,
    /// The figures of the weights, where there are any.
    pub figures: Option<Figures>,
    /// The close of the newest bar used.
    pub as_of: Timestamp,
    /// Returns used from each symbol.
    pub observations: usize,
    /// Half the sum of absolute changes from what was held.
    pub turnover: Option<f64>,
    /// Its cost as a fraction of the portfolio.
    pub cost: Option<f64>,
}

impl Allocation {
    /// What a live portfolio has at a close at which it cannot be optimised.
    pub fn refused(plan: &Plan, as_of: Timestamp, why: &str) -> Self {
        Self {
            symbols: plan.symbols.clone(),
            objective: plan.objective,
            outcome: Outcome::refused(why),
            figures: None,
            as_of,
            observations: 0,
            turnover: None,
            cost: None,
        }
    }

    /// What is held once this allocation is traded; `None` unless solved.
    pub fn held(&self) -> Option<Held> {
        let weights = self.outcome.weights()?.as_slice();
        Some(self.symbols.iter().cloned().zip(weights.iter().copied()).collect())
    }

    /// Adds to the note which of all symbols were left out.
    pub fn note_left_out(&mut self, symbols: &[Symbol]) {
        if symbols.is_empty() {
            return;
        }
        let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        self.add_note(&format!(
            "left out for want of history or fresh bars, with the limits on them: {}",
            names.join(", ")
        ));
    }

    /// Adds to the note which symbols have had no close for long, and which was their last.
    pub fn note_stale(&mut self, stale: &[(Symbol, Close)]) {
        if stale.is_empty() {
            return;
        }
        let told: Vec<String> =
            stale.iter().map(|(symbol, last)| format!("{symbol} (last close {})", last.day)).collect();
        self.add_note(&format!(
            "without a close within the last week: {}; as_of is the newest close that all have in common",
            told.join(", ")
        ));
    }

    fn add_note(&mut self, sentence: &str) {
        let note = &mut self.outcome.note;
        if !note.is_empty() {
            note.push_str("; ");
        }
        note.push_str(sentence);
    }
}
