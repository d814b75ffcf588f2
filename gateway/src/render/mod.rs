//! Messages and errors → JSON.
//!
//! Every answer of REST and every message of every live stream's reader passes here, so an answer is written straight
//! from its bytes ([`write`]) by a table made of the contracts at start ([`table`]): nothing is decoded into values
//! first, and nothing is allocated but the text. Answers whose text is not simply the order of their bytes are left to
//! reflection ([`reflect`]), which knows every case, is the measure of what is right, and words every error.

mod reflect;
mod scalar;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod write;

use std::sync::Arc;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use tickmesh_mesh::status::Fault;

pub use status::status;
use table::{Place, Tables};

/// Makes the renderers of a pool's message types.
#[derive(Debug, Clone)]
pub struct Renderers(Arc<Tables>);

impl Renderers {
    /// Makes the tables of all message types in `pool`.
    pub fn new(pool: &DescriptorPool) -> Self {
        Self(Arc::new(Tables::new(pool)))
    }

    /// The renderer of one message type.
    pub fn of(&self, descriptor: MessageDescriptor) -> Renderer {
        Renderer { place: self.0.place(&descriptor), tables: Arc::clone(&self.0), descriptor }
    }
}

/// Writes messages of one type by the canonical proto3 mapping: lowerCamelCase names, 64-bit integers as strings,
/// defaults left out.
#[derive(Debug, Clone)]
pub struct Renderer {
    descriptor: MessageDescriptor,
    tables: Arc<Tables>,
    /// `None` for a type that is in another pool than the tables.
    place: Option<Place>,
}

impl Renderer {
    /// The JSON of a message that a service has sent.
    ///
    /// # Errors
    /// INTERNAL if the bytes are no such message, or if it holds what JSON has no word for: a number that is not
    /// finite, a time out of range, an unknown `Any`.
    pub fn json(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        match self.straight(message) {
            Some(json) => Ok(json),
            None => reflect::json(self.descriptor.clone(), message),
        }
    }

    fn straight(&self, message: &[u8]) -> Option<Vec<u8>> {
        write::json(&self.tables, self.place?, message)
    }
}
