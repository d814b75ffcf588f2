//! The contracts of tickmesh: one door to the generated code, the descriptor set and the value types.
//!
//! The `.proto` files beside this crate are the manual; what they say is what every door of the mesh offers. Messages
//! and clients live in [`market`], [`model`], [`portfolio`] and [`r#type`]; server traits in [`server`]. They differ in
//! one thing: a server sends the responses of live streams as [`Encoded`], ready bytes that were encoded once for all
//! subscribers.

mod encoded;
pub mod types;

pub use encoded::Encoded;

/// All contracts with their comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.binpb"));

/// The retry, timeout and size table of every method, as a gRPC service config in JSON.
pub const SERVICE_CONFIG: &str = include_str!("../service_config.json");

pub use generated::google;
pub use generated::tickmesh::{market, model, portfolio, r#type};

/// Nested as the packages are, because generated code names other packages by their relative place.
#[allow(missing_docs, unreachable_pub, rust_2018_idioms, clippy::all, rustdoc::all)]
mod generated {
    pub mod tickmesh {
        pub mod market {
            pub mod v1 {
                tonic::include_proto!("tickmesh.market.v1");
            }
        }
        pub mod model {
            pub mod v1 {
                tonic::include_proto!("tickmesh.model.v1");
            }
        }
        pub mod portfolio {
            pub mod v1 {
                tonic::include_proto!("tickmesh.portfolio.v1");
            }
        }
        pub mod r#type {
            pub mod v1 {
                tonic::include_proto!("tickmesh.r#type.v1");
            }
        }
    }

    /// Google's shared contracts: statuses, error details and long-running operations.
    pub mod google {
        pub mod api {
            tonic::include_proto!("google.api");
        }
        pub mod longrunning {
            tonic::include_proto!("google.longrunning");
        }
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
}

/// The server traits of all services.
#[allow(missing_docs, unreachable_pub, rust_2018_idioms, clippy::all, rustdoc::all)]
pub mod server {
    pub mod market {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/server/tickmesh.market.v1.rs"));
        }
    }
    pub mod model {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/server/tickmesh.model.v1.rs"));
        }
    }
    pub mod portfolio {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/server/tickmesh.portfolio.v1.rs"));
        }
    }
    pub mod longrunning {
        include!(concat!(env!("OUT_DIR"), "/server/google.longrunning.rs"));
    }
}
