use super::{Limits, Name, Turnover};

/// A linear inequality Σ cᵢ xᵢ ≤ b over the weights and, after them, one auxiliary variable an asset when turnover is
/// limited. Unnamed rows define the auxiliary variables and are never up for debate.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: Option<Name>,
    pub(crate) terms: Vec<(usize, f64)>,
    pub(crate) bound: f64,
}

impl Row {
    pub(crate) fn new(name: impl Into<Option<Name>>, terms: Vec<(usize, f64)>, bound: f64) -> Self {
        Self { name: name.into(), terms, bound }
    }

    /// How far `x` breaks this row; negative inside.
    pub(crate) fn excess(&self, x: &[f64]) -> f64 {
        self.terms.iter().map(|(i, c)| c * x[*i]).sum::<f64>() - self.bound
    }
}

impl Limits {
    /// Number of variables in [`rows`](Self::rows): the weights, and the absolute changes when turnover is limited.
    pub(crate) fn variables(&self) -> usize {
        if self.turnover.is_some() { 2 * self.assets() } else { self.assets() }
    }

    /// All limits but the sum of 1, as inequalities; rows of one name stand together.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = self.common_bounds();
        rows.extend(self.own_bounds());
        rows.extend(self.group_sums());
        if let Some(turnover) = &self.turnover {
            rows.extend(turnover_rows(turnover));
        }
        rows
    }

    fn common_bounds(&self) -> Vec<Row> {
        let least = (0..self.assets()).filter(|i| !self.lower[*i].own).map(|i| self.least(i, Name::MinWeight));
        let most = (0..self.assets()).filter(|i| !self.upper[*i].own).map(|i| self.most(i, Name::MaxWeight));
        least.chain(most).collect()
    }

    fn own_bounds(&self) -> Vec<Row> {
        let least = (0..self.assets()).filter(|i| self.lower[*i].own);
        let most = (0..self.assets()).filter(|i| self.upper[*i].own);
        let least = least.map(|i| self.least(i, Name::BoundMin(self.symbols[i].clone())));
        least.chain(most.map(|i| self.most(i, Name::BoundMax(self.symbols[i].clone())))).collect()
    }

    fn least(&self, asset: usize, name: Name) -> Row {
        Row::new(name, vec![(asset, -1.0)], -self.lower[asset].value)
    }

    fn most(&self, asset: usize, name: Name) -> Row {
        Row::new(name, vec![(asset, 1.0)], self.upper[asset].value)
    }

    fn group_sums(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for group in &self.groups {
            let sum = |sign: f64| group.members.iter().map(|i| (*i, sign)).collect();
            rows.extend(group.least.map(|least| Row::new(Name::GroupMin(group.name.clone()), sum(-1.0), -least)));
            rows.extend(group.most.map(|most| Row::new(Name::GroupMax(group.name.clone()), sum(1.0), most)));
        }
        rows
    }
}

/// vᵢ ≥ |wᵢ − heldᵢ| and Σ v ≤ 2 · most.
fn turnover_rows(turnover: &Turnover) -> Vec<Row> {
    let n = turnover.held.len();
    let mut rows = Vec::with_capacity(2 * n + 1);
    for (i, held) in turnover.held.iter().enumerate() {
        rows.push(Row::new(None, vec![(i, 1.0), (n + i, -1.0)], *held));
        rows.push(Row::new(None, vec![(i, -1.0), (n + i, -1.0)], -held));
    }
    rows.push(Row::new(Name::MaxTurnover, (n..2 * n).map(|i| (i, 1.0)).collect(), 2.0 * turnover.most));
    rows
}
