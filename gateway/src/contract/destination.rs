//! Which part of the mesh serves a service.

use std::fmt;

/// A part of the mesh that the gateway forwards to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// market-svc: instruments, bars, ticks.
    Market,
    /// model-svc: forecasts, signals, training.
    Model,
    /// portfolio-svc: optimisation, allocations.
    Portfolio,
}

impl Part {
    /// All parts, in the order in which data flows.
    pub const ALL: [Self; 3] = [Self::Market, Self::Model, Self::Portfolio];

    /// Its name, as in package names, configuration and `/health`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Model => "model",
            Self::Portfolio => "portfolio",
        }
    }

    /// The part of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a service's calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Always to this part.
    Part(Part),
    /// To the part in the operation's name: `operations/{part}/{id}`.
    Operation,
}

impl Destination {
    /// The destination of a service by its full name: `tickmesh.{part}.v1.…`, or long-running operations.
    pub fn of_service(full_name: &str) -> Option<Self> {
        if full_name == "google.longrunning.Operations" {
            return Some(Self::Operation);
        }
        let (part, _) = full_name.strip_prefix("tickmesh.")?.split_once('.')?;
        Part::named(part).map(Self::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_names_the_part() {
        assert_eq!(Destination::of_service("tickmesh.model.v1.ForecastService"), Some(Destination::Part(Part::Model)));
        assert_eq!(Destination::of_service("google.longrunning.Operations"), Some(Destination::Operation));
        assert_eq!(Destination::of_service("tickmesh.other.v1.Service"), None);
        assert_eq!(Destination::of_service("elsewhere.model.v1.Service"), None);
    }
}
