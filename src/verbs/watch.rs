//! `tickmesh watch`: prices, signals and weights as they change, repainted on a terminal, line by line elsewhere.

use std::collections::BTreeMap;

use console::Term;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use tickmesh_fanout::follow::HEARTBEAT;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::stream_ticks_response::Control;
use tickmesh_proto::market::v1::{StreamTicksRequest, StreamTicksResponse, Tick, tick};
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::{Signal, StreamSignalsRequest};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsRequest};
use tickmesh_proto::r#type::v1::RejectedSymbol;
use tonic::Status;
use tonic::transport::Channel;

use super::predict;
use super::streams::{Call, Note, Update, followed, messages};
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
    /// Whether the market has said which of the symbols it has.
    knows_its_symbols: bool,
    /// Those that it does not have.
    refused: Vec<RejectedSymbol>,
}

/// One thing that arrived on any of the three streams.
#[derive(Debug)]
pub(super) enum Event {
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
    let mut messages = updates(channel, &args.symbols);
    let mut board = Board::default();
    let mut shown = 0;
    while let Some(updates) = messages.next().await {
        shown += u64::from(board.show(updates?, global, &args.symbols)?);
        // The other streams may be ahead of the one that says which symbols there are.
        if board.knows_its_symbols && args.updates.is_some_and(|most| shown >= most) {
            break;
        }
    }
    Ok(())
}

fn updates(channel: Channel, symbols: &[String]) -> impl Stream<Item = Result<Vec<Update>, Status>> + use<> {
    stream::select_all([
        followed("ticks", ticks(channel.clone(), symbols.to_vec())).boxed(),
        followed("signals", signals(channel.clone(), symbols.to_vec())).boxed(),
        followed("allocations", allocations(channel)).boxed(),
    ])
}

fn ticks(channel: Channel, symbols: Vec<String>) -> Call {
    Box::new(move |resume_after| {
        let (mut client, symbols) = (MarketServiceClient::new(channel.clone()), symbols.clone());
        let heartbeat_interval = Some(HEARTBEAT);
        let request =
            StreamTicksRequest { symbols, resume_after, best_effort: true, heartbeat_interval, ..Default::default() };
        async move { Ok(messages(client.stream_ticks(request).await?, Event::Tick, refused)) }.boxed()
    })
}

/// The symbols that the market, which knows them all, does not have, once it says so.
fn refused(message: &StreamTicksResponse) -> Option<Vec<RejectedSymbol>> {
    match &message.control {
        Some(Control::Ack(ack)) => Some(ack.rejected_symbols.clone()),
        _ => None,
    }
}

fn signals(channel: Channel, symbols: Vec<String>) -> Call {
    Box::new(move |resume_after| {
        let (mut client, symbols) = (ForecastServiceClient::new(channel.clone()), symbols.clone());
        let heartbeat_interval = Some(HEARTBEAT);
        let request =
            StreamSignalsRequest { symbols, resume_after, best_effort: true, heartbeat_interval, ..Default::default() };
        async move { Ok(messages(client.stream_signals(request).await?, Event::Signal, |_| None)) }.boxed()
    })
}

fn allocations(channel: Channel) -> Call {
    Box::new(move |resume_after| {
        let mut client = OptimizerServiceClient::new(channel.clone());
        let heartbeat_interval = Some(HEARTBEAT);
        let request =
            StreamAllocationsRequest { resume_after, best_effort: true, heartbeat_interval, ..Default::default() };
        async move { Ok(messages(client.stream_allocations(request).await?, Event::Allocation, |_| None)) }.boxed()
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
    /// Shows the updates of one message; false if it brought no events.
    fn show(&mut self, updates: Vec<Update>, global: &Global, symbols: &[String]) -> Result<bool, Failure> {
        let mut has_events = false;
        for update in updates {
            match update {
                Update::Refused(refused) => {
                    self.knows_its_symbols = true;
                    self.tell_refused(refused, symbols, global)?;
                }
                Update::Note(name, note) => self.tell_note(name, note, global),
                Update::Event(event) => {
                    has_events = true;
                    if global.json {
                        output::line(event.json()?);
                    }
                    if let Some(text) = without_weights(&event) {
                        self.remark(&text, global);
                    }
                    self.take(&event, symbols);
                }
            }
        }
        if has_events && !global.json {
            self.paint()?;
        }
        Ok(has_events)
    }

    /// Tells the symbols that the market refuses, once: it says so again whenever the stream is opened.
    ///
    /// # Errors
    /// If it refuses them all.
    fn tell_refused(
        &mut self,
        refused: Vec<RejectedSymbol>,
        symbols: &[String],
        global: &Global,
    ) -> Result<(), Failure> {
        let Some(first) = refused.first().filter(|_| refused != self.refused) else { return Ok(()) };
        let text = refused.iter().map(|r| format!("{}: {}", r.symbol, r.message)).collect::<Vec<_>>().join("; ");
        let failure = Failure::from(Fault::new(Code::NotFound, first.reason.clone(), text));
        if refused.len() >= symbols.len() {
            return Err(failure);
        }
        self.refused = refused;
        self.tell(&failure, global);
        Ok(())
    }

    /// Tells what has happened to a stream. That it is back a program sees by what comes.
    fn tell_note(&mut self, name: &str, note: Note, global: &Global) {
        let fault = match note {
            Note::Lost => {
                let text = format!("the stream of {name} is lost; calling again");
                Fault::new(Code::Unavailable, "STREAM_BROKEN", text)
            }
            Note::Missed => {
                let text = format!("events of {name} were lost; going on from a snapshot");
                Fault::new(Code::DataLoss, "EVENTS_LOST", text)
            }
            Note::Back => return self.remark(&format!("the stream of {name} is back"), global),
        };
        self.tell(&fault.into(), global);
    }

    /// What went wrong, beside the table, which is painted below it from here on.
    fn tell(&mut self, failure: &Failure, global: &Global) {
        failure.tell(global.json);
        self.painted = 0;
    }

    /// A word for a person, beside the table; a program has the events.
    fn remark(&mut self, text: &str, global: &Global) {
        if !global.json {
            eprintln!("tickmesh: {text}");
            self.painted = 0;
        }
    }

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

/// Why an allocation leaves the weights as they are, if it does.
fn without_weights(event: &Event) -> Option<String> {
    let Event::Allocation(allocation) = event else { return None };
    let Allocation { as_of, note, clashing_constraints, .. } = allocation;
    let clash = clashing_constraints.join(", ");
    let why = [note.as_str(), &clash].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    allocation.weights.is_empty().then(|| format!("no weights at {}: {why}", output::date(as_of.as_ref())))
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
