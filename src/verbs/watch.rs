//! `tickmesh watch`: prices, signals and weights as they change, repainted on a terminal, line by line elsewhere.

use std::collections::BTreeMap;

use console::Term;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{StreamTicksRequest, Tick, tick};
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::{Signal, StreamSignalsRequest};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsRequest};
use tonic::transport::Channel;

use super::predict;
use crate::cli::{Global, WatchArgs};
use crate::failure::Failure;
use crate::{connect, output};

/// What is known of one symbol.
#[derive(Default)]
struct Line {
    date: String,
    price: Option<f64>,
    signal: Option<Signal>,
    weight: Option<f64>,
}

#[derive(Default)]
struct Board {
    lines: BTreeMap<String, Line>,
    painted: usize,
}

/// One thing that arrived on any of the three streams.
enum Event {
    Tick(Tick),
    Signal(Signal),
    Allocation(Allocation),
}

/// Follows the three streams until one ends or `--updates` have been shown.
pub async fn run(global: &Global, args: WatchArgs) -> Result<(), Failure> {
    let channel = connect::gateway(&global.server).await?;
    let mut feeds = Feeds::open(channel, &args.symbols).await?;
    let mut board = Board::default();
    let mut updates = 0;
    while let Some(events) = feeds.next().await? {
        for event in &events {
            if global.json {
                output::line(event.json()?);
            }
            board.take(event, &args.symbols);
        }
        if !global.json && !events.is_empty() {
            board.paint()?;
        }
        updates += u64::from(!events.is_empty());
        if args.updates.is_some_and(|most| updates >= most) {
            break;
        }
    }
    Ok(())
}

struct Feeds {
    ticks: tonic::Streaming<tickmesh_proto::market::v1::StreamTicksResponse>,
    signals: tonic::Streaming<tickmesh_proto::model::v1::StreamSignalsResponse>,
    allocations: tonic::Streaming<tickmesh_proto::portfolio::v1::StreamAllocationsResponse>,
}

impl Feeds {
    async fn open(channel: Channel, symbols: &[String]) -> Result<Self, Failure> {
        let ticks = StreamTicksRequest { symbols: symbols.to_vec(), ..Default::default() };
        let signals = StreamSignalsRequest { symbols: symbols.to_vec(), ..Default::default() };
        let mut market = MarketServiceClient::new(channel.clone());
        let mut model = ForecastServiceClient::new(channel.clone());
        let mut portfolio = OptimizerServiceClient::new(channel);
        Ok(Self {
            ticks: market.stream_ticks(ticks).await?.into_inner(),
            signals: model.stream_signals(signals).await?.into_inner(),
            allocations: portfolio.stream_allocations(StreamAllocationsRequest::default()).await?.into_inner(),
        })
    }

    /// The next message's events; empty for a control message, `None` when a stream has ended.
    async fn next(&mut self) -> Result<Option<Vec<Event>>, Failure> {
        Ok(tokio::select! {
            message = self.ticks.message() => message?.map(|m| m.ticks.into_iter().map(Event::Tick).collect()),
            message = self.signals.message() => message?.map(|m| m.signals.into_iter().map(Event::Signal).collect()),
            message = self.allocations.message() => message?.map(|m| m.allocations.into_iter().map(Event::Allocation).collect()),
        })
    }
}

impl Event {
    fn json(&self) -> Result<String, Failure> {
        match self {
            Self::Tick(tick) => output::json(tick, "tickmesh.market.v1.Tick"),
            Self::Signal(signal) => output::json(signal, "tickmesh.model.v1.Signal"),
            Self::Allocation(allocation) => output::json(allocation, "tickmesh.portfolio.v1.Allocation"),
        }
    }
}

impl Board {
    fn take(&mut self, event: &Event, wanted: &[String]) {
        match event {
            Event::Tick(tick) => {
                let line = self.lines.entry(tick.symbol.clone()).or_default();
                line.price = last_price(tick).or(line.price);
                line.date = output::date(tick.event_time.as_ref());
            }
            Event::Signal(signal) => {
                self.lines.entry(signal.symbol.clone()).or_default().signal = Some(signal.clone());
            }
            Event::Allocation(allocation) => {
                let shown = |symbol: &String| wanted.is_empty() || wanted.contains(symbol);
                for weight in allocation.weights.iter().filter(|w| shown(&w.symbol)) {
                    self.lines.entry(weight.symbol.clone()).or_default().weight = Some(weight.weight);
                }
            }
        }
    }

    fn paint(&mut self) -> Result<(), Failure> {
        let head = ["symbol", "date", "signal", "reasons", "last", "expected", "P(up)", "weight"];
        let text = output::table(&head, 4, self.lines.iter().map(|(symbol, line)| line.cells(symbol)));
        if output::is_terminal() {
            Term::stdout().clear_last_lines(self.painted)?;
            self.painted = text.lines().count();
        }
        output::line(text);
        Ok(())
    }
}

impl Line {
    fn cells(&self, symbol: &str) -> Vec<String> {
        let signal = self.signal.as_ref();
        vec![
            symbol.to_owned(),
            self.date.clone(),
            signal.map_or_else(String::new, |s| predict::action(s.action())),
            signal.map_or_else(String::new, |s| predict::reasons(s.reasons())),
            output::number(self.price, 2),
            output::percent(signal.and_then(|s| s.expected_return)),
            output::number(signal.and_then(|s| s.up_probability), 3),
            output::percent(self.weight).trim_start_matches('+').to_owned(),
        ]
    }
}

fn last_price(tick: &Tick) -> Option<f64> {
    match tick.event.as_ref()? {
        tick::Event::Trade(trade) => Some(trade.price),
        tick::Event::Bar(bar) => Some(bar.close),
        tick::Event::Quote(_) => None,
    }
}
