//! Pages and files that a browser loads: the dashboard, and the reference at `/docs`.

mod dashboard;
mod docs;
mod file;

pub use dashboard::{dashboard, has_dashboard};
pub use docs::docs;
pub use file::File;
