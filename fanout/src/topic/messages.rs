use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tickmesh_proto::Encoded;
use tonic::Status;

use super::slot::Slot;
use crate::metrics::Active;

/// The encoded messages of one stream. Each is made when it is asked for, so nothing is held for a client that does not
/// read.
pub struct Messages {
    slot: Arc<Slot>,
    _active: Active,
}

impl Messages {
    pub(crate) fn new(slot: Arc<Slot>, topic: &'static str) -> Self {
        Self { slot, _active: Active::new(topic) }
    }

    /// The same messages as a response type of tonic.
    pub fn encoded<M>(self) -> EncodedMessages<M> {
        EncodedMessages { messages: self, message: PhantomData }
    }
}

impl Stream for Messages {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.slot.poll(context)
    }
}

/// [`Messages`] as a response type of tonic.
pub struct EncodedMessages<M> {
    messages: Messages,
    message: PhantomData<fn() -> M>,
}

impl<M> Stream for EncodedMessages<M> {
    type Item = Result<Encoded<M>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages).poll_next(context).map(|item| item.map(|sent| sent.map(Encoded::new)))
    }
}
