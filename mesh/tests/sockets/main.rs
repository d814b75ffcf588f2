//! The served port as its clients see it: everything here goes through real sockets on loopback.

#![allow(clippy::unwrap_used)] // a test that unwraps fails, as it should

mod calls;
mod desk;
mod endings;
mod harness;
mod health;
mod protocols;
mod upstream;
