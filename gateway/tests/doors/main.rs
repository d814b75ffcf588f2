//! Every door of the gateway through real sockets, over a small mesh that speaks the contracts.

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
