//! The served port as its clients see it: everything here goes through real sockets on loopback.

mod calls;
mod desk;
mod endings;
mod harness;
mod health;
mod protocols;
mod upstream;
