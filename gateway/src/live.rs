//! What the responses of all live streams have in common.

use prost::Message as _;
use tickmesh_proto::r#type::v1::EndOfStream;

use crate::contract::{Kind, Method};

/// The fields that the gateway itself follows. They have the same numbers in the response of every live stream, so that
/// one type reads them all and skips the rest.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Head {
    /// Where the stream stands after the message; empty if the message moves nothing.
    #[prost(string, tag = "2")]
    pub(crate) cursor: String,
    /// Why the stream ends on purpose.
    #[prost(message, optional, tag = "8")]
    pub(crate) end_of_stream: Option<EndOfStream>,
}

impl Head {
    /// Reads a message that has been rendered; bytes that are no message have been refused there.
    pub(crate) fn of(message: &[u8]) -> Self {
        Self::decode(message).unwrap_or_default()
    }
}

/// Whether a method is a live stream, which goes on until its client or its service ends it.
pub(crate) fn is_live(method: &Method) -> bool {
    let output = method.output();
    let has = |name| output.get_field_by_name(name).is_some();
    method.kind() == Kind::ServerStream && ["sequence", "cursor", "end_of_stream"].into_iter().all(has)
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::market::v1::StreamBarsResponse;
    use tickmesh_proto::market::v1::stream_bars_response::Control;

    use super::*;
    use crate::contract::Contracts;

    #[test]
    fn only_live_streams_are_live() {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let is_live = |path: &str| is_live(contracts.method(&format!("/tickmesh.{path}")).unwrap());
        assert!(is_live("market.v1.MarketService/StreamTicks"));
        assert!(is_live("portfolio.v1.OptimizerService/StreamAllocations"));
        assert!(!is_live("market.v1.MarketService/BatchListBars"));
        assert!(!is_live("market.v1.MarketService/GetSnapshot"));
    }

    #[test]
    fn every_live_stream_has_the_fields_at_these_numbers() {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let live: Vec<_> = contracts.methods().iter().filter(|method| is_live(method)).collect();
        assert_eq!(live.len(), 4);
        for method in live {
            let kind = |name| method.output().get_field_by_name(name).map(|field| (field.number(), field.kind()));
            let Some((2, prost_reflect::Kind::String)) = kind("cursor") else { panic!("{}", method.path()) };
            let Some((8, prost_reflect::Kind::Message(end))) = kind("end_of_stream") else {
                panic!("{}", method.path())
            };
            assert_eq!(end.full_name(), "tickmesh.type.v1.EndOfStream");
        }
    }

    #[test]
    fn the_head_is_read_and_the_rest_skipped() {
        let end = EndOfStream { cursor: "c9".to_owned(), ..EndOfStream::default() };
        let control = Some(Control::EndOfStream(end.clone()));
        let bars = vec![tickmesh_proto::market::v1::Bar::default(); 2];
        let message = StreamBarsResponse { cursor: "c8".to_owned(), control, bars, ..Default::default() };
        let head = Head { cursor: "c8".to_owned(), end_of_stream: Some(end) };
        assert_eq!(Head::of(&message.encode_to_vec()), head);
        assert_eq!(Head::of(b"\xff"), Head::default());
    }
}
