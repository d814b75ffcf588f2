//! Requests into plans: every field is looked at, every bad one named.

mod choice;
mod constraints;
mod request;

pub(super) use request::{frontier, live, once};
