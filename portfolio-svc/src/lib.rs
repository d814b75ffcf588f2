//! portfolio-svc (being written)

pub mod covariance;
pub mod expected;
pub mod limits;
pub mod optimise;
pub mod prices;
pub mod risk;
