//! Logs and metrics of a process, set up once by its `main`.

mod figures;

pub(crate) use figures::{render, upkeep};
