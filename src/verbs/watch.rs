//! `tickmesh watch`: prices, signals and weights as they change, repainted on a terminal, line by line elsewhere.

use std::collections::BTreeMap;

use console::Term;
use futures_util::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _, stream};
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{StreamTicksRequest, StreamTicksResponse, Tick, tick};
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::{Signal, StreamSignalsRequest, StreamSignalsResponse};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsRequest, StreamAllocationsResponse};
use tickmesh_proto::r#type::v1::Ack;
use tonic::Status;
use tonic::transport::Channel;

use super::follow::{Call, Message as _, follow};
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

/// Follows the three streams until `--updates` have been shown, across connections that end.
///
/// # Errors
/// If a stream is lost for good, or none of the symbols exists.
pub async fn run(global: &Global, args: WatchArgs) -> Result<(), Failure> {
    let channel = connect::channel(&global.server).await?;
    let mut messages = messages(channel, &args.symbols);
    let mut board = Board::default();
    let (mut updates, mut knows_its_symbols) = (0, false);
    while let Some(message) = messages.next().await {
        let Message { ack, events } = message?;
        knows_its_symbols |= ack.is_some();
        check(&ack.unwrap_or_default(), &args.symbols)?;
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
        // The other streams may be ahead of the one that says which symbols there are.
        if knows_its_symbols && args.updates.is_some_and(|most| updates >= most) {
            break;
        }
    }
    Ok(())
}

/// Tells the symbols that a stream refuses.
///
/// # Errors
/// If it refuses them all.
fn check(ack: &Ack, symbols: &[String]) -> Result<(), Failure> {
    let refused: Vec<_> = ack.rejected_symbols.iter().map(|r| format!("{}: {}", r.symbol, r.message)).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let text = refused.join("; ");
    if refused.len() >= symbols.len() {
        let reason = ack.rejected_symbols[0].reason.clone();
        return Err(Fault::new(Code::NotFound, reason, text).into());
    }
    eprintln!("tickmesh: {text}");
    Ok(())
}

/// One message of any of the three streams.
struct Message {
    /// Terms that the symbols on the command line stand under: the market's, which knows every symbol.
    ack: Option<Ack>,
    events: Vec<Event>,
}

fn messages(channel: Channel, symbols: &[String]) -> impl Stream<Item = Result<Message, Status>> + use<> {
    let of_ticks = |m: StreamTicksResponse| Message {
        ack: m.ack().cloned(),
        events: m.ticks.into_iter().map(Event::Tick).collect(),
    };
    let of_signals =
        |m: StreamSignalsResponse| Message { ack: None, events: m.signals.into_iter().map(Event::Signal).collect() };
    let of_allocations = |m: StreamAllocationsResponse| Message {
        ack: None,
        events: m.allocations.into_iter().map(Event::Allocation).collect(),
    };
    stream::select_all([
        follow(ticks(channel.clone(), symbols.to_vec())).map_ok(of_ticks).boxed(),
        follow(signals(channel.clone(), symbols.to_vec())).map_ok(of_signals).boxed(),
        follow(allocations(channel)).map_ok(of_allocations).boxed(),
    ])
}

fn ticks(channel: Channel, symbols: Vec<String>) -> Call<StreamTicksResponse> {
    Box::new(move |cursor| {
        let mut client = MarketServiceClient::new(channel.clone());
        let symbols = symbols.clone();
        let request = StreamTicksRequest { symbols, resume_after: cursor, best_effort: true, ..Default::default() };
        async move { Ok(client.stream_ticks(request).await?.into_inner()) }.boxed()
    })
}

fn signals(channel: Channel, symbols: Vec<String>) -> Call<StreamSignalsResponse> {
    Box::new(move |cursor| {
        let mut client = ForecastServiceClient::new(channel.clone());
        let symbols = symbols.clone();
        let request = StreamSignalsRequest { symbols, resume_after: cursor, best_effort: true, ..Default::default() };
        async move { Ok(client.stream_signals(request).await?.into_inner()) }.boxed()
    })
}

fn allocations(channel: Channel) -> Call<StreamAllocationsResponse> {
    Box::new(move |cursor| {
        let mut client = OptimizerServiceClient::new(channel.clone());
        let request = StreamAllocationsRequest { resume_after: cursor, best_effort: true, ..Default::default() };
        async move { Ok(client.stream_allocations(request).await?.into_inner()) }.boxed()
    })
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
                    self.lines.entry(weight.symbol.clone()).or_default().weight = weight.weight;
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
