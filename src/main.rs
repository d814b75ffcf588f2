//! The `tickmesh` command.
fn main() {}
