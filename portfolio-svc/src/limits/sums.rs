use super::{Edge, Group, Limits, Name};

/// Which bounds a sum is of.
enum Side {
    Lower,
    Upper,
}

impl Limits {
    /// A sum of bounds that cannot be what it must: 1 for all weights, a group's limit for its members. The names are a
    /// minimal clash, because any one of them left out sets a weight or the sum free. Empty if there is none.
    pub(crate) fn impossible_sum(&self, tolerance: f64) -> Vec<Name> {
        let all: Vec<usize> = (0..self.assets()).collect();
        if Self::sum(&self.upper, &all) < 1.0 - tolerance {
            return self.names(&Side::Upper, &all);
        }
        if Self::sum(&self.lower, &all) > 1.0 + tolerance {
            return self.names(&Side::Lower, &all);
        }
        self.groups.iter().find_map(|group| self.impossible_group(group, tolerance)).unwrap_or_default()
    }

    fn impossible_group(&self, group: &Group, tolerance: f64) -> Option<Vec<Name>> {
        let Group { name, members, least, most } = group;
        if least.is_some_and(|least| Self::sum(&self.upper, members) < least - tolerance) {
            let names = self.names(&Side::Upper, members);
            return Some([names, vec![Name::GroupMin(name.clone())]].concat());
        }
        if most.is_some_and(|most| Self::sum(&self.lower, members) > most + tolerance) {
            let names = self.names(&Side::Lower, members);
            return Some([names, vec![Name::GroupMax(name.clone())]].concat());
        }
        None
    }

    fn sum(edges: &[Edge], members: &[usize]) -> f64 {
        members.iter().map(|i| edges[*i].value).sum()
    }

    /// The common limit once, own limits each.
    fn names(&self, side: &Side, members: &[usize]) -> Vec<Name> {
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
