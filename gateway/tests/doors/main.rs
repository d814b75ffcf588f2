//! Every door of the gateway through real sockets, over a small mesh that speaks the contracts.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

mod access;
mod alike;
mod client;
mod drain;
mod harness;
mod market;
mod model;
mod native;
mod operators;
mod pages;
mod rest;
mod streams;
mod web;
mod websocket;
