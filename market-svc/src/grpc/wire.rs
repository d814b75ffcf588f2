use prost::Message as _;
use prost::encoding::{encode_key, encode_varint, encoded_len_varint, key_len};
use tickmesh_proto::market::v1::{self as wire, tick};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::{parse, render};
use crate::bar::Bar;
use crate::event::{Event, Level, Quote, Trade, What};
use crate::market::{Encoded, Wire};

/// Field of `Tick` that holds a bar; see the property test below.
const BAR_FIELD: u32 = 6;

/// The contract's encoding of events.
pub(crate) struct Protobuf;

/// The one there is.
pub(crate) static PROTOBUF: Protobuf = Protobuf;

impl Wire for Protobuf {
    fn encode(&self, event: &Event, received: Option<Timestamp>) -> Encoded {
        let mut tick = wire::Tick {
            symbol: event.symbol.to_string(),
            event_time: Some(event.time.into()),
            receive_time: received.map(Into::into),
            event: None,
            is_snapshot: false,
        };
        match &event.what {
            What::Bar(bar) => return with_bar(&tick, &self.encode_bar(bar)),
            What::Trade(trade) => tick.event = Some(tick::Event::Trade(render::trade(trade))),
            What::Quote(quote) => tick.event = Some(tick::Event::Quote(render::quote(quote))),
        }
        Encoded { body: tick.encode_to_vec(), bar: None }
    }

    fn encode_bar(&self, bar: &Bar) -> Vec<u8> {
        render::bar(&bar.series, &bar.candle, false).encode_to_vec()
    }

    fn decode(&self, bytes: &[u8]) -> Result<Event, String> {
        let tick = wire::Tick::decode(bytes).map_err(|e| e.to_string())?;
        let symbol = Symbol::try_from(tick.symbol).map_err(|e| e.to_string())?;
        let time = tick.event_time.ok_or("it has no event_time")?;
        let time = Timestamp::try_from(time).map_err(|e| e.to_string())?;
        let what = match tick.event.ok_or("it has no event")? {
            tick::Event::Trade(wire::Trade { price, size }) => What::Trade(Trade { price, size }),
            tick::Event::Quote(quote) => What::Quote(read_quote(&quote)),
            tick::Event::Bar(bar) => What::Bar(parse::bar(bar).map_err(|fault| fault.to_string())?),
        };
        Ok(Event { symbol, time, what })
    }
}

fn read_quote(quote: &wire::Quote) -> Quote {
    let side = |price: Option<f64>, size: Option<f64>| Some(Level { price: price?, size: size.unwrap_or(0.0) });
    Quote { bid: side(quote.bid_price, quote.bid_size), ask: side(quote.ask_price, quote.ask_size) }
}

/// The tick with a bar behind its other fields: the bar's own bytes lie within it, so that a stream of bars sends them
/// as they are.
fn with_bar(tick: &wire::Tick, bar: &[u8]) -> Encoded {
    let head = key_len(BAR_FIELD) + encoded_len_varint(bar.len() as u64);
    let mut body = Vec::with_capacity(tick.encoded_len() + head + bar.len());
    tick.encode(&mut body).expect("a Vec grows");
    encode_key(BAR_FIELD, prost::encoding::WireType::LengthDelimited, &mut body);
    encode_varint(bar.len() as u64, &mut body);
    let start = body.len();
    body.extend_from_slice(bar);
    Encoded { bar: Some(start..body.len()), body }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tickmesh_proto::types::TimeFrame;

    use super::*;
    use crate::bar::Series;
    use crate::bar::tests::any_candle;

    proptest! {
        #[test]
        fn a_bar_comes_back_whole_and_lies_within_the_tick(candle in any_candle(1_000)) {
            let series = Series { symbol: "AAPL".try_into().unwrap(), time_frame: TimeFrame::D1 };
            let event = Event::closed(Bar { series, candle });
            let encoded = PROTOBUF.encode(&event, Some(Timestamp::from_nanos(7)));
            prop_assert_eq!(PROTOBUF.decode(&encoded.body).unwrap(), event.clone());
            let inner = wire::Bar::decode(&encoded.body[encoded.bar.unwrap()]).unwrap();
            let tick = wire::Tick::decode(encoded.body.as_slice()).unwrap();
            prop_assert_eq!(tick.event, Some(tick::Event::Bar(inner)));
        }
    }

    #[test]
    fn trades_and_quotes_come_back() {
        let at = |what| Event { symbol: "AAPL".try_into().unwrap(), time: Timestamp::from_nanos(5), what };
        let bid = Some(Level { price: 9.5, size: 0.0 });
        for event in [at(What::Trade(Trade { price: 1.5, size: 2.0 })), at(What::Quote(Quote { bid, ask: None }))] {
            assert_eq!(PROTOBUF.decode(&PROTOBUF.encode(&event, None).body).unwrap(), event);
        }
    }
}
