use std::collections::BTreeMap;

use tickmesh_proto::types::Symbol;

use super::{Edge, Group, Limits, Turnover};

/// Collects limits as a client states them, and all that is wrong with them.
///
/// ```
/// use portfolio_svc::limits::Builder;
/// use tickmesh_proto::types::Symbol;
/// let symbols = ["AAPL", "MSFT"].map(|s| Symbol::try_from(s).expect("a symbol"));
/// let limits = Builder::new(symbols.to_vec()).common(None, Some(0.7)).bound("AAPL", Some(0.1), None).finish()?;
/// assert_eq!(limits.bounds(0), (0.1, 0.7));
/// # Ok::<(), Vec<portfolio_svc::limits::Defect>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    limits: Limits,
    places: BTreeMap<Symbol, usize>,
    bounds: usize,
    defects: Vec<Defect>,
}

/// Something wrong with one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Where it stands, for example `groups[1].min`.
    pub field: String,
    /// The rule that it breaks.
    pub rule: String,
}

impl Builder {
    /// Begins with long-only limits for these assets.
    pub fn new(symbols: Vec<Symbol>) -> Self {
        let edge = |value| vec![Edge { value, own: false }; symbols.len()];
        let places: BTreeMap<Symbol, usize> = symbols.iter().cloned().zip(0..).collect();
        let distinct = places.len() == symbols.len();
        let (lower, upper) = (edge(0.0), edge(1.0));
        let limits = Limits { symbols, lower, upper, groups: Vec::new(), turnover: None };
        let builder = Self { limits, places, bounds: 0, defects: Vec::new() };
        let builder = builder.check(distinct, "symbols", || "must be distinct".into());
        let any = builder.limits.assets() > 0;
        builder.check(any, "symbols", || "must not be empty".into())
    }

    /// Sets the least and greatest weight of every asset without its own; absent means 0 and 1.
    #[must_use]
    pub fn common(mut self, min: Option<f64>, max: Option<f64>) -> Self {
        for (edges, value) in [(&mut self.limits.lower, min), (&mut self.limits.upper, max)] {
            if let Some(value) = value {
                edges.iter_mut().filter(|edge| !edge.own).for_each(|edge| edge.value = value);
            }
        }
        self.weight("min_weight", min).weight("max_weight", max).ordered("max_weight", min, max)
    }

    /// Sets one asset's own least and greatest weight; absent means the common one.
    #[must_use]
    pub fn bound(mut self, symbol: &str, min: Option<f64>, max: Option<f64>) -> Self {
        let field = format!("bounds[{}]", self.bounds);
        self.bounds += 1;
        self = self.weight(&format!("{field}.min"), min).weight(&format!("{field}.max"), max);
        self = self.ordered(&format!("{field}.max"), min, max);
        let Some(place) = self.place(&format!("{field}.symbol"), symbol) else { return self };
        let twice = self.limits.lower[place].own || self.limits.upper[place].own;
        for (edge, value) in [(&mut self.limits.lower[place], min), (&mut self.limits.upper[place], max)] {
            if let Some(value) = value {
                *edge = Edge { value, own: true };
            }
        }
        self.check(!twice, &format!("{field}.symbol"), || "must have one bound only".into())
    }

    /// Limits the sum of some assets' weights; absent means no limit on that side.
    #[must_use]
    pub fn group<S: AsRef<str>>(mut self, name: &str, symbols: &[S], least: Option<f64>, most: Option<f64>) -> Self {
        let field = format!("groups[{}]", self.limits.groups.len());
        let named = !name.is_empty() && name.len() <= 64 && self.limits.groups.iter().all(|g| g.name != name);
        self = self.check(named, &format!("{field}.name"), || "must be given, distinct and at most 64 bytes".into());
        self = self.check(!symbols.is_empty(), &format!("{field}.symbols"), || "must not be empty".into());
        self = self.check(least.or(most).is_some(), &field, || "must have min, max or both".into());
        self = self.total(&format!("{field}.min"), least).total(&format!("{field}.max"), most);
        self = self.ordered(&format!("{field}.max"), least, most);
        let mut members = Vec::with_capacity(symbols.len());
        for (k, symbol) in symbols.iter().enumerate() {
            members.extend(self.place(&format!("{field}.symbols[{k}]"), symbol.as_ref()));
        }
        members.sort_unstable();
        members.dedup();
        self.limits.groups.push(Group { name: name.to_owned(), members, least, most });
        self
    }

    /// Limits trading to `most` from the weights `held`; symbols left out weigh 0.
    #[must_use]
    pub fn turnover(mut self, most: f64, held: &[f64]) -> Self {
        self = self.check((0.0..=2.0).contains(&most), "max_turnover", || "must lie between 0 and 2".into());
        self.limits.turnover = Some(Turnover { held: held.to_vec(), most });
        self
    }

    /// The limits.
    ///
    /// # Errors
    /// With everything that is wrong, in the order in which it was said.
    pub fn finish(self) -> Result<Limits, Vec<Defect>> {
        if self.defects.is_empty() { Ok(self.limits) } else { Err(self.defects) }
    }

    fn place(&mut self, field: &str, symbol: &str) -> Option<usize> {
        let place = self.places.get(symbol).copied();
        if place.is_none() {
            let rule = "must be one of the symbols to optimise".into();
            self.defects.push(Defect { field: field.to_owned(), rule });
        }
        place
    }

    fn weight(self, field: &str, value: Option<f64>) -> Self {
        let good = value.is_none_or(|v| (-1.0..=1.0).contains(&v));
        self.check(good, field, || "must lie between -1 and 1".into())
    }

    /// No sum of weights is larger, as none of them is.
    fn total(self, field: &str, value: Option<f64>) -> Self {
        const MOST: f64 = 500.0;
        let good = value.is_none_or(|v| (-MOST..=MOST).contains(&v));
        self.check(good, field, || format!("must lie between -{MOST} and {MOST}"))
    }

    fn ordered(self, field: &str, min: Option<f64>, max: Option<f64>) -> Self {
        let good = min.zip(max).is_none_or(|(min, max)| min.is_nan() || max.is_nan() || min <= max);
        self.check(good, field, || "must not be below its min".into())
    }

    fn check(mut self, good: bool, field: &str, rule: impl FnOnce() -> String) -> Self {
        if !good {
            self.defects.push(Defect { field: field.to_owned(), rule: rule() });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(names: &[&str]) -> Vec<Symbol> {
        names.iter().map(|s| Symbol::try_from(*s).unwrap()).collect()
    }

    #[test]
    fn names_everything_that_is_wrong_at_once() {
        let defects = Builder::new(symbols(&["A", "B"]))
            .common(Some(f64::NAN), Some(2.0))
            .bound("C", Some(0.4), Some(0.3))
            .group("", &["A", "D"], Some(0.5), Some(0.4))
            .turnover(3.0, &[0.5, 0.5])
            .finish()
            .unwrap_err();
        let fields: Vec<&str> = defects.iter().map(|d| d.field.as_str()).collect();
        let expected = [
            "min_weight",
            "max_weight",
            "bounds[0].max",
            "bounds[0].symbol",
            "groups[0].name",
            "groups[0].max",
            "groups[0].symbols[1]",
            "max_turnover",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_sum_that_no_weights_have_is_refused() {
        for sum in [1e308, f64::INFINITY, f64::NAN] {
            let absurd = Builder::new(symbols(&["A", "B"])).group("both", &["A", "B"], Some(-sum), Some(sum));
            let defects = absurd.finish().unwrap_err();
            let fields: Vec<&str> = defects.iter().map(|d| d.field.as_str()).collect();
            assert_eq!(fields, ["groups[0].min", "groups[0].max"]);
        }
    }

    #[test]
    fn an_own_bound_wins_whichever_is_said_first() {
        let own_first = Builder::new(symbols(&["A", "B"])).bound("A", None, Some(0.9)).common(Some(0.1), Some(0.5));
        let common_first = Builder::new(symbols(&["A", "B"])).common(Some(0.1), Some(0.5)).bound("A", None, Some(0.9));
        assert_eq!(own_first.finish().unwrap(), common_first.finish().unwrap());
    }

    #[test]
    fn a_symbol_has_one_bound() {
        let twice = Builder::new(symbols(&["A", "B"])).bound("A", Some(0.0), None).bound("A", None, Some(0.5));
        assert_eq!(twice.finish().unwrap_err()[0].field, "bounds[1].symbol");
    }

    #[test]
    fn broken_limits_are_named() {
        let limits = Builder::new(symbols(&["A", "B", "C"]))
            .common(None, Some(0.5))
            .bound("A", Some(0.2), None)
            .group("two", &["B", "C"], None, Some(0.7))
            .turnover(0.1, &[1.0, 0.0, 0.0])
            .finish()
            .unwrap();
        let names: Vec<String> = limits.broken_by(&[0.1, 0.6, 0.3], 1e-9).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["max_weight", "bounds[A].min", "groups[two].max", "max_turnover"]);
        assert!(limits.clone().broken_by(&[0.9, 0.1, 0.0], 1e-9) == [super::super::Name::MaxWeight]);
    }
}
