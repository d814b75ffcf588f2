//! The channels of a socket and the rpcs behind them.

use std::fmt;
use std::sync::Arc;

use crate::contract::{Contracts, Method};
use crate::upstreams::Upstreams;

/// A live stream that a socket can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Trades, quotes and bars.
    Ticks,
    /// Closed bars.
    Bars,
    /// Signals of the model.
    Signals,
    /// Weights of the portfolio.
    Allocations,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 4] = [Self::Ticks, Self::Bars, Self::Signals, Self::Allocations];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticks => "ticks",
            Self::Bars => "bars",
            Self::Signals => "signals",
            Self::Allocations => "allocations",
        }
    }

    /// The channel of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The rpc behind it.
    fn rpc(self) -> &'static str {
        match self {
            Self::Ticks => "/tickmesh.market.v1.MarketService/StreamTicks",
            Self::Bars => "/tickmesh.market.v1.MarketService/StreamBars",
            Self::Signals => "/tickmesh.model.v1.ForecastService/StreamSignals",
            Self::Allocations => "/tickmesh.portfolio.v1.OptimizerService/StreamAllocations",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The contracts lack the rpc behind a channel.
#[derive(Debug, thiserror::Error)]
#[error("the contracts have no {rpc}, which the channel {channel} needs")]
pub struct MissingFeed {
    channel: Channel,
    rpc: &'static str,
}

/// The rpc behind each channel, ready to be called.
#[derive(Clone)]
pub(super) struct Feeds {
    methods: Arc<[Arc<Method>; 4]>,
    upstreams: Upstreams,
}

impl Feeds {
    pub(super) fn new(contracts: &Contracts, upstreams: Upstreams) -> Result<Self, MissingFeed> {
        let find = |channel: Channel| {
            let rpc = channel.rpc();
            contracts.method(rpc).cloned().ok_or(MissingFeed { channel, rpc })
        };
        let [ticks, bars, signals, allocations] = Channel::ALL;
        let methods = [find(ticks)?, find(bars)?, find(signals)?, find(allocations)?];
        Ok(Self { methods: Arc::new(methods), upstreams })
    }

    pub(super) fn method(&self, channel: Channel) -> &Arc<Method> {
        &self.methods[channel as usize]
    }

    pub(super) fn upstreams(&self) -> &Upstreams {
        &self.upstreams
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_its_rpc_and_its_place() {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        for (index, channel) in Channel::ALL.into_iter().enumerate() {
            assert_eq!(channel as usize, index);
            assert_eq!(Channel::named(channel.name()), Some(channel));
            assert!(contracts.method(channel.rpc()).is_some(), "{channel}");
        }
    }
}
