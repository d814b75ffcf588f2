use std::fmt;
use std::marker::PhantomData;

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType};
use prost::{DecodeError, Message};

/// A message `M` that is already encoded.
///
/// An event is encoded once and put into many subscribers' messages; this carries such a message through tonic's codec
/// with one copy and no second encoding. It is for sending only: clients decode `M` itself.
pub struct Encoded<M> {
    bytes: Bytes,
    message: PhantomData<fn() -> M>,
}

impl<M> Encoded<M> {
    /// Takes bytes that hold exactly one encoded `M`.
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes, message: PhantomData }
    }

    /// The encoded message.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl<M: Message + Default> Encoded<M> {
    /// Decodes the message, as a client would.
    ///
    /// # Errors
    /// If the bytes are not an encoded `M`.
    pub fn decode_message(&self) -> Result<M, DecodeError> {
        M::decode(self.bytes.clone())
    }
}

impl<M> Clone for Encoded<M> {
    fn clone(&self) -> Self {
        Self::new(self.bytes.clone())
    }
}

impl<M> Default for Encoded<M> {
    fn default() -> Self {
        Self::new(Bytes::new())
    }
}

impl<M> fmt::Debug for Encoded<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("len", &self.bytes.len()).finish()
    }
}

impl<M> Message for Encoded<M> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.bytes);
    }

    fn merge_field(
        &mut self,
        _tag: u32,
        _wire_type: WireType,
        _buf: &mut impl Buf,
        _ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        #[allow(deprecated)] // the only constructor that prost offers to others
        Err(DecodeError::new("an encoded message is for sending only"))
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::v1::Trade;

    #[test]
    fn arrives_as_the_message_it_holds() {
        let trade = Trade { price: 1.5, size: 2.0 };
        let sent = Encoded::<Trade>::new(trade.encode_to_vec().into()).encode_to_vec();
        assert_eq!(Trade::decode(sent.as_slice()).unwrap(), trade);
    }
}
