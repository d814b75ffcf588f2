//! The control messages of a stream.

use bytes::Bytes;
use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tickmesh_proto::r#type::v1::{Ack, EndOfStream, Gap, Heartbeat, StreamLimits};

use super::goodbye::Goodbye;
use super::subscriber::{Phase, Start, Subscriber};
use super::{MAX_SYMBOLS, RETRY_WITHIN, Symbols, faults, jitter};
use crate::Fault;
use crate::metrics;
use crate::wire::{Control, MAX_MESSAGE_BYTES};

impl Subscriber {
    pub(super) fn ack(&mut self, start: Start) -> Bytes {
        let ack = Ack {
            accepted_symbols: match &self.subscription.symbols {
                Symbols::All => Vec::new(),
                Symbols::Listed(symbols) => symbols.iter().map(|symbol| symbol.to_string()).collect(),
            },
            all_symbols: self.subscription.symbols == Symbols::All,
            rejected_symbols: std::mem::take(&mut self.subscription.rejected),
            delivery: self.subscription.delivery.into(),
            heartbeat_interval: Some(wire(self.subscription.heartbeat_interval)),
            min_interval: Some(wire(self.subscription.min_interval)),
            resume_after: self.subscription.resume_after.map(|cursor| cursor.to_string()).unwrap_or_default(),
            epoch: self.topic.log.epoch(),
            limits: Some(self.limits()),
        };
        self.phase = match start {
            Start::Fresh => Phase::Join(self.join(None)),
            Start::Resumed(position) => self.go_live(position),
            Start::Lost(lost) => Phase::Join(self.join(None).with_gap(lost)),
        };
        let resumed = self.subscription.resume_after.filter(|_| matches!(start, Start::Resumed(_)));
        self.envelope(resumed.map(|cursor| cursor.to_string())).control(&Control::Ack(ack))
    }

    fn limits(&self) -> StreamLimits {
        StreamLimits {
            max_symbols: MAX_SYMBOLS as u32,
            max_message_bytes: MAX_MESSAGE_BYTES as u32,
            max_stall: Some(wire(self.topic.config.max_stall)),
            max_age: Some(wire(self.topic.config.max_age)),
        }
    }

    /// The Gap, if one is to be told: the source has said by now where the stream goes on.
    pub(super) fn gap(&mut self) -> Option<Bytes> {
        let Phase::Pages(pages) = &mut self.phase else { return None };
        let (lost, to) = (pages.gap.take()?, pages.position);
        metrics::gap(self.topic.config.name, lost.reason.as_str());
        let gap = Gap {
            from: self.subscription.resume_after.map(|cursor| cursor.to_string()).unwrap_or_default(),
            to: self.topic.log.cursor(to),
            reason: lost.reason.as_str().into(),
        };
        Some(self.envelope(None).control(&Control::Gap(gap)))
    }

    pub(super) fn heartbeat(&mut self) -> Bytes {
        let feed = self.topic.source.feed();
        let heartbeat = Heartbeat {
            lag: self.told.map_or(0, |told| self.topic.log.head().since(told)),
            feed_state: feed.state.into(),
            market_time: feed.market_time.map(Into::into),
        };
        let cursor = self.cursor();
        self.envelope(cursor).control(&Control::Heartbeat(heartbeat))
    }

    pub(super) fn end_of_stream(&mut self, goodbye: Goodbye) -> Bytes {
        let cursor = self.cursor();
        let end = EndOfStream { reason: goodbye.reason.into(), cursor: cursor.clone().unwrap_or_default() };
        self.phase = Phase::Bye(goodbye);
        self.envelope(cursor).control(&Control::EndOfStream(end))
    }

    /// The status that follows EndOfStream.
    pub(super) fn bye(&self, reason: Reason) -> Fault {
        if reason == Reason::Deadline {
            return faults::deadline(self.cursor());
        }
        let delay = jitter::up_to(RETRY_WITHIN, self.topic.config.seed, self.number);
        faults::draining(self.cursor(), delay)
    }
}

fn wire(duration: std::time::Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(duration).expect("stream intervals are minutes at most")
}
