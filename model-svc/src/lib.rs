//! model-svc (being assembled).

pub mod calibration;
pub mod conformal;
pub mod dataset;
pub mod decision;
pub mod evaluation;
pub mod family;
pub mod features;
pub mod forecast;
pub mod forest;
pub mod history;
pub mod live;
pub mod ridge;
pub mod sessions;
pub mod store;
#[cfg(test)]
mod testing;
pub mod training;
pub mod training_range;
pub mod version;
pub mod walk_forward;
