//! portfolio-svc as its clients see it: over gRPC, with peers that serve real bars and signals made from them.

mod harness;
mod live;
mod once;
mod peer;
