//! Any message → JSON, by way of its decoded values.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use tickmesh_mesh::status::{Code, Fault};

use crate::finite::is_finite;

/// Decodes a message and writes what it holds.
///
/// # Errors
/// INTERNAL if the bytes are no such message, or if it holds what JSON has no word for.
pub(super) fn json(descriptor: MessageDescriptor, message: &[u8]) -> Result<Vec<u8>, Fault> {
    let message = decode(descriptor, message)?;
    if !is_finite(&message) {
        return Err(Fault::new(Code::Internal, "RESPONSE_NOT_FINITE", "the service sent a number that is not finite"));
    }
    serde_json::to_vec(&message).map_err(|error| {
        Fault::new(Code::Internal, "RESPONSE_NOT_JSON", format!("the response has no JSON form: {error}"))
    })
}

fn decode(descriptor: MessageDescriptor, message: &[u8]) -> Result<DynamicMessage, Fault> {
    let name = descriptor.full_name().to_owned();
    DynamicMessage::decode(descriptor, message).map_err(|error| {
        Fault::new(Code::Internal, "RESPONSE_MALFORMED", format!("the service sent no {name}: {error}"))
    })
}
