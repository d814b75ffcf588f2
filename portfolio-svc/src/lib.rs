//! portfolio-svc (being written)

pub mod covariance;
pub mod expected;
pub mod limits;
pub mod live;
pub mod optimise;
pub mod plan;
pub mod prices;
pub mod risk;
