use std::collections::BTreeMap;

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{
    Bar, BatchListBarsRequest, Instrument, ListInstrumentsRequest, ListInstrumentsResponse,
};
use tickmesh_proto::r#type::v1::TimeFrame;
use tickmesh_proto::types::{Symbol, Timestamp, adjust};

use super::Universe;
use super::universe::Listed;
use crate::plan::Periods;
use crate::prices::{Close, Day};

/// The most symbols that one request may name.
const BATCH: usize = 1000;

/// The largest message that market-svc sends.
const MAX_MESSAGE: usize = 16 << 20;

/// All instruments.
pub(super) async fn instruments(upstream: &Upstream) -> Result<Universe, Fault> {
    let mut client = MarketServiceClient::new(upstream.unary()).max_decoding_message_size(MAX_MESSAGE);
    let mut instruments = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListInstrumentsRequest { page_size: 1000, page_token, filter: String::new() };
        let page: ListInstrumentsResponse = client.list_instruments(request).await?.into_inner();
        instruments.extend(page.instruments.into_iter().filter_map(instrument));
        if page.next_page_token.is_empty() {
            return Ok(instruments.into_iter().collect());
        }
        page_token = page.next_page_token;
    }
}

fn instrument(wire: Instrument) -> Option<(Symbol, Listed)> {
    let periods = if wire.calendar == "24/7" { Periods::Days } else { Periods::Sessions };
    Some((Symbol::try_from(wire.symbol).ok()?, Listed { periods, daily_bars: wire.daily_bars }))
}

/// The adjusted daily closes of these symbols that opened at or after `since`.
pub(super) async fn closes(
    upstream: &Upstream,
    symbols: &[Symbol],
    since: Option<Timestamp>,
) -> Result<BTreeMap<Symbol, Vec<Close>>, Fault> {
    let mut client = MarketServiceClient::new(upstream.stream()).max_decoding_message_size(MAX_MESSAGE);
    let mut closes: BTreeMap<Symbol, Vec<Close>> = symbols.iter().map(|s| (s.clone(), Vec::new())).collect();
    for batch in symbols.chunks(BATCH) {
        let request = BatchListBarsRequest {
            symbols: batch.iter().map(ToString::to_string).collect(),
            time_frame: TimeFrame::TimeFrame1d.into(),
            start_time: since.map(Into::into),
            end_time: None,
            adjusted: true,
        };
        let mut bars = client.batch_list_bars(request).await?.into_inner();
        while let Some(message) = bars.message().await? {
            for (symbol, close) in message.bars.iter().filter_map(close_of) {
                closes.entry(symbol).or_default().push(close);
            }
        }
    }
    Ok(closes)
}

/// A daily bar's adjusted close; `None` for another time frame, or a bar that breaks its contract.
pub(super) fn close_of(bar: &Bar) -> Option<(Symbol, Close)> {
    let daily = bar.time_frame() == TimeFrame::TimeFrame1d;
    let symbol = Symbol::try_from(bar.symbol.as_str()).ok()?;
    let open = Timestamp::try_from(bar.open_time?).ok()?;
    let time = Timestamp::try_from(bar.close_time?).ok()?;
    let price = if bar.adjusted { bar.close } else { adjust(bar.close, bar.adjustment_factor) };
    let sound = price.is_finite() && price > 0.0;
    (daily && sound).then_some((symbol, Close { day: Day::of_open(open), time, price }))
}
