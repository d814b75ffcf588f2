use futures_util::FutureExt as _;
use tickmesh_fanout::follow::{HEARTBEAT, Live, Opening, messages};
use tickmesh_mesh::client::Upstream;
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::{Signal, StreamSignalsRequest};
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::{Symbol, Timestamp};

/// All signals as they are decided.
pub(crate) struct Signals {
    pub(crate) upstream: Upstream,
}

impl Live for Signals {
    type Event = Signal;

    fn open(&self, resume_after: String) -> Opening<Signal> {
        let request = StreamSignalsRequest {
            symbols: Vec::new(),
            delivery: Delivery::All.into(),
            min_interval: None,
            resume_after,
            best_effort: false,
            heartbeat_interval: Some(HEARTBEAT),
        };
        let mut client = ForecastServiceClient::new(self.upstream.stream());
        async move { client.stream_signals(request).await.map(messages) }.boxed()
    }
}

/// Whose signals these are and of which close; what cannot be read concerns nobody.
pub(crate) fn heard(signals: &[Signal]) -> Vec<(Symbol, Timestamp)> {
    let read = |signal: &Signal| {
        Some((Symbol::try_from(signal.symbol.as_str()).ok()?, Timestamp::try_from(signal.as_of?).ok()?))
    };
    signals.iter().filter_map(read).collect()
}
