//! `tickmesh import`: bars from CSV files into a running mesh, then models for what has none.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use futures_util::stream;
use market_svc::bar::Bar;
use market_svc::csv::{Options, Reader};
use serde_json::json;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::market::v1::ingest_service_client::IngestServiceClient;
use tickmesh_proto::market::v1::{Bar as WireBar, ImportBarsRequest, ImportBarsResponse, RejectedBar};
use tickmesh_proto::model::v1::TrainModelsRequest;
use tickmesh_proto::r#type::v1::TimeFrame as WireFrame;
use tickmesh_proto::types::{Symbol, TimeFrame};
use tonic::transport::Channel;

use crate::cli::{Global, ImportArgs};
use crate::failure::Failure;
use crate::{connect, output, training};

/// Bars in one message: well below the limit of 4 MiB.
const CHUNK: usize = 5_000;

/// Imports each file, prints what became of its rows, and trains those of their symbols that have no model yet.
///
/// # Errors
/// If a file cannot be read or the mesh does not answer; at the end if a file had rows and not one was taken.
pub async fn run(global: &Global, args: ImportArgs) -> Result<(), Failure> {
    // All of them first: what stands before a file of no use would be stored and never trained.
    args.files.iter().try_for_each(|path| reader(path).map(drop))?;
    let channel = connect::channel(&global.server).await?;
    let (mut grown, mut refused) = (BTreeSet::new(), Vec::new());
    for path in &args.files {
        let rows = read(path)?;
        let source = args.source.clone().unwrap_or_else(|| name(path));
        let answer = send(channel.clone(), &rows, source).await?;
        grown.extend(rows.grown(&answer));
        let outcome = Outcome { file: path.display().to_string(), refused: rows.refused(&answer), answer };
        outcome.tell(global.json)?;
        if outcome.is_refused() {
            refused.push(outcome.file);
        }
    }
    if !args.no_train && !grown.is_empty() {
        train(channel, grown.into_iter().collect(), global.json).await?;
    }
    if refused.is_empty() { Ok(()) } else { Err(nothing_taken(&refused)) }
}

fn nothing_taken(files: &[String]) -> Failure {
    let text = format!("{}: every row was refused", files.join(", "));
    Fault::new(Code::InvalidArgument, "ALL_ROWS_REFUSED", text).into()
}

async fn train(channel: Channel, symbols: Vec<String>, json: bool) -> Result<(), Failure> {
    let request = TrainModelsRequest { symbols, missing_only: true, ..Default::default() };
    let mut result = training::shown(channel, request, json).await?;
    result.skipped.retain(|skipped| skipped.reason != "HAS_CHAMPION");
    if json {
        output::line(output::json(&result, "tickmesh.model.v1.TrainModelsResponse")?);
        return Ok(());
    }
    if !result.versions.is_empty() {
        output::line(training::figures(&result.versions));
    }
    result.skipped.iter().for_each(|s| output::line(format!("{} has no model: {}", s.symbol, s.message)));
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The rows of a file.
#[derive(Default)]
struct Rows {
    bars: Vec<Bar>,
    /// The line of each bar.
    lines: Vec<u64>,
    /// Rows that are no bars and never leave this process.
    faults: Vec<Refused>,
}

/// A row that was not taken.
struct Refused {
    line: u64,
    why: String,
}

impl Rows {
    /// The symbols that have new bars. Of refused bars the service names no more than the first: beyond them it is known
    /// only which symbols are new.
    fn grown(&self, answer: &ImportBarsResponse) -> BTreeSet<String> {
        let ImportBarsResponse { written, rejected, rejections, created_symbols, .. } = answer;
        if *written == 0 || *rejected > rejections.len() as u64 {
            return created_symbols.iter().cloned().collect();
        }
        let refused: HashSet<u64> = rejections.iter().map(|rejected| rejected.index).collect();
        let taken = (0..).zip(&self.bars).filter(|(index, _)| !refused.contains(index));
        taken.map(|(_, bar)| bar.series.symbol.to_string()).collect()
    }

    /// Every row that was refused, here or by the service, in the order of the file.
    fn refused(&self, answer: &ImportBarsResponse) -> Vec<Refused> {
        let by_service = answer.rejections.iter().map(|RejectedBar { index, symbol, error }| {
            let why = error.as_ref().map_or("refused", |error| error.message.as_str());
            let line = usize::try_from(*index).ok().and_then(|index| self.lines.get(index)).copied();
            Refused { line: line.unwrap_or_default(), why: format!("{symbol}: {why}") }
        });
        let here = self.faults.iter().map(|Refused { line, why }| Refused { line: *line, why: why.clone() });
        let mut refused: Vec<_> = here.chain(by_service).collect();
        refused.sort_by_key(|row| row.line);
        refused
    }
}

fn told(path: &Path, error: impl fmt::Display) -> Failure {
    Failure::runtime(format!("{}: {error}", path.display()))
}

/// A reader of the rows behind a file's header.
fn reader(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let file = File::open(path).map_err(|error| told(path, error))?;
    let stem = name(path).split('.').next().unwrap_or_default().to_ascii_uppercase();
    let options = Options { symbol: Symbol::try_from(stem).ok(), time_frame: TimeFrame::D1, until: None };
    Reader::new(BufReader::new(file), options).map_err(|error| told(path, error))
}

fn read(path: &Path) -> Result<Rows, Failure> {
    let mut reader = reader(path)?;
    let mut rows = Rows::default();
    while let Some(row) = reader.next() {
        match row {
            Ok(bar) => {
                rows.bars.push(bar);
                rows.lines.push(reader.line());
            }
            Err(fault) => {
                let fields = fault.fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                rows.faults.push(Refused { line: fault.line, why: fields });
            }
        }
    }
    Ok(rows)
}

async fn send(channel: Channel, rows: &Rows, source: String) -> Result<ImportBarsResponse, Failure> {
    let messages: Vec<_> = rows.bars.chunks(CHUNK).map(|chunk| message(chunk, &source)).collect();
    Ok(IngestServiceClient::new(channel).import_bars(stream::iter(messages)).await?.into_inner())
}

fn message(bars: &[Bar], source: &str) -> ImportBarsRequest {
    ImportBarsRequest { bars: bars.iter().map(wire).collect(), source: source.to_owned() }
}

fn wire(bar: &Bar) -> WireBar {
    let candle = &bar.candle;
    WireBar {
        symbol: bar.series.symbol.to_string(),
        time_frame: WireFrame::from(bar.series.time_frame).into(),
        open_time: Some(candle.open_time.into()),
        close_time: Some(candle.close_time.into()),
        open: candle.open,
        high: candle.high,
        low: candle.low,
        close: candle.close,
        volume: candle.volume,
        vwap: candle.vwap,
        trade_count: candle.trade_count,
        adjustment_factor: candle.adjustment_factor,
        ..Default::default()
    }
}

/// What became of one file.
struct Outcome {
    file: String,
    answer: ImportBarsResponse,
    /// Every refused row of this process, and the first 1,000 of the service.
    refused: Vec<Refused>,
}

impl Outcome {
    /// Rows that were refused, those that the service does not list among them.
    fn refused_count(&self) -> u64 {
        let ImportBarsResponse { rejected, rejections, .. } = &self.answer;
        self.refused.len() as u64 + rejected.saturating_sub(rejections.len() as u64)
    }

    fn is_refused(&self) -> bool {
        let ImportBarsResponse { written, unchanged, .. } = self.answer;
        written + unchanged == 0 && self.refused_count() > 0
    }

    fn tell(&self, json: bool) -> Result<(), Failure> {
        output::line(if json { self.json()? } else { self.to_string() });
        Ok(())
    }

    /// The service's answer with the rows that never reached it. Its counts are numbers, also when they are zero:
    /// proto3 JSON writes 64 bits as text and leaves zeros out.
    fn json(&self) -> Result<String, Failure> {
        let answer = output::json(&self.answer, "tickmesh.market.v1.ImportBarsResponse")?;
        let mut answer: serde_json::Value = serde_json::from_str(&answer).map_err(Failure::runtime)?;
        let rows = self.refused.iter().map(|Refused { line, why }| json!({ "line": line, "message": why }));
        answer["file"] = self.file.as_str().into();
        answer["written"] = self.answer.written.into();
        answer["unchanged"] = self.answer.unchanged.into();
        answer["rejected"] = self.answer.rejected.into();
        answer["refused"] = self.refused_count().into();
        answer["refusedRows"] = rows.collect();
        Ok(answer.to_string())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, answer: ImportBarsResponse { written, unchanged, .. }, refused } = self;
        for Refused { line, why } in refused {
            writeln!(f, "{file}: line {line}: {why}")?;
        }
        write!(f, "{file}: {written} bars written, {unchanged} unchanged, {} refused", self.refused_count())
    }
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::google::rpc;

    use super::*;

    fn outcome(written: u64) -> Outcome {
        let error = Some(rpc::Status { message: "high must not be below low".into(), ..Default::default() });
        let rejections = vec![RejectedBar { index: 1, symbol: "AAPL".into(), error }];
        let answer = ImportBarsResponse { written, rejected: 1, rejections, ..Default::default() };
        let faults = vec![Refused { line: 5, why: "close is missing".into() }];
        let rows = Rows { lines: vec![2, 3], faults, ..Rows::default() };
        Outcome { file: "a.csv".into(), refused: rows.refused(&answer), answer }
    }

    #[test]
    fn every_refused_row_is_named_by_its_line() {
        let text = outcome(1).to_string();
        let expected = "a.csv: line 3: AAPL: high must not be below low\na.csv: line 5: close is missing\n\
                        a.csv: 1 bars written, 0 unchanged, 2 refused";
        assert_eq!(text, expected);
    }

    #[test]
    fn programs_read_refused_rows_too() {
        let json: serde_json::Value = serde_json::from_str(&outcome(1).json().unwrap()).unwrap();
        assert_eq!((&json["written"], &json["unchanged"], &json["refused"]), (&json!(1), &json!(0), &json!(2)));
        assert_eq!(json["refusedRows"][1], json!({ "line": 5, "message": "close is missing" }));
    }

    #[test]
    fn a_file_of_which_nothing_was_taken_is_refused() {
        assert!(outcome(0).is_refused() && !outcome(1).is_refused());
    }
}
