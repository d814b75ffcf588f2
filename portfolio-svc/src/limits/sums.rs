use super::{Edge, Group, Limits, Name};

/// Limits that no weights keep together: leave any one of them out, and the others can be met.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clash {
    /// Their names, each once.
    pub(crate) names: Vec<Name>,
    /// The clash in words.
    pub(crate) note: String,
}

impl Clash {
    pub(crate) fn new(names: Vec<Name>) -> Self {
        let listed: Vec<String> = names.iter().map(ToString::to_string).collect();
        let together = if names.len() > 1 { " together" } else { "" };
        Self { note: format!("no weights that sum to 1 keep {}{together}", listed.join(", ")), names }
    }
}

/// Which bounds a sum is of.
#[derive(Clone, Copy)]
enum Side {
    Lower,
    Upper,
}

/// What a sum must be, and of what.
struct Sum<'a> {
    members: &'a [usize],
    /// In words: who must have which sum.
    whole: String,
    least: Option<f64>,
    most: Option<f64>,
    /// The limits that say so, the lower and the upper one.
    names: [Option<Name>; 2],
}

impl Limits {
    /// A sum of bounds that cannot be what it must: 1 for all weights, a group's limit for its members. The names are a
    /// minimal clash, because any one of them left out sets a weight or the sum free.
    pub(crate) fn impossible_sum(&self, tolerance: f64) -> Option<Clash> {
        let all: Vec<usize> = (0..self.assets()).collect();
        let whole = "all weights".to_owned();
        let all = Sum { members: &all, whole, least: Some(1.0), most: Some(1.0), names: [None, None] };
        let groups = self.groups.iter().map(Sum::of);
        std::iter::once(all).chain(groups).find_map(|sum| self.impossible(&sum, tolerance))
    }

    fn impossible(&self, sum: &Sum<'_>, tolerance: f64) -> Option<Clash> {
        let Sum { members, whole, least, most, names: [at_least, at_most] } = sum;
        let (lowest, highest) = (Self::sum(&self.lower, members), Self::sum(&self.upper, members));
        let (side, name, note) = match (least, most) {
            (Some(least), _) if highest < least - tolerance => (
                Side::Upper,
                at_least,
                format!("{whole} must sum to {least} or more and may sum to {highest:.6} at most"),
            ),
            (_, Some(most)) if lowest > most + tolerance => (
                Side::Lower,
                at_most,
                format!("{whole} must sum to {most} or less and must sum to {lowest:.6} at least"),
            ),
            _ => return None,
        };
        let names = self.names(side, members).into_iter().chain(name.clone()).collect();
        let clash = Clash::new(names);
        Some(Clash { note: format!("{}: {note}", clash.note), ..clash })
    }

    fn sum(edges: &[Edge], members: &[usize]) -> f64 {
        members.iter().map(|i| edges[*i].value).sum()
    }

    /// The common limit once, own limits each.
    fn names(&self, side: Side, members: &[usize]) -> Vec<Name> {
        let name = |i: &usize| {
            let symbol = || self.symbols[*i].clone();
            match side {
                Side::Lower if self.lower[*i].own => Name::BoundMin(symbol()),
                Side::Lower => Name::MinWeight,
                Side::Upper if self.upper[*i].own => Name::BoundMax(symbol()),
                Side::Upper => Name::MaxWeight,
            }
        };
        let mut names: Vec<Name> = members.iter().map(name).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl<'a> Sum<'a> {
    fn of(Group { name, members, least, most }: &'a Group) -> Self {
        let names = [Name::GroupMin(name.clone()), Name::GroupMax(name.clone())].map(Some);
        Self { members, whole: format!("the weights of {name}"), least: *least, most: *most, names }
    }
}
