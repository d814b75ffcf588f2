//! `tickmesh import`: bars from CSV files into a running mesh, then models for what has none.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use futures_util::stream;
use market_svc::bar::Bar;
use market_svc::csv::{Options, Reader};
use tickmesh_proto::market::v1::ingest_service_client::IngestServiceClient;
use tickmesh_proto::market::v1::{Bar as WireBar, ImportBarsRequest, ImportBarsResponse};
use tickmesh_proto::model::v1::TrainModelsRequest;
use tickmesh_proto::r#type::v1::TimeFrame as WireFrame;
use tickmesh_proto::types::{Symbol, TimeFrame};
use tonic::transport::Channel;

use crate::cli::{Global, ImportArgs};
use crate::failure::Failure;
use crate::{connect, output, training};

/// Bars in one message: well below the limit of 4 MiB.
const CHUNK: usize = 5_000;

/// Imports each file and prints what became of its rows.
pub async fn run(global: &Global, args: ImportArgs) -> Result<(), Failure> {
    let channel = connect::gateway(&global.server).await?;
    let mut created = Vec::new();
    for path in &args.files {
        let (bars, faults) = read(path)?;
        let source = args.source.clone().unwrap_or_else(|| name(path));
        let answer = send(channel.clone(), bars, source).await?;
        tell(global, path, &answer, &faults)?;
        created.extend(answer.created_symbols);
    }
    if args.no_train || created.is_empty() {
        return Ok(());
    }
    let request = TrainModelsRequest { symbols: created, missing_only: true, ..Default::default() };
    let result = training::run(channel, request, |_| ()).await?;
    if global.json {
        output::line(output::json(&result, "tickmesh.model.v1.TrainModelsResponse")?);
    } else {
        output::line(training::figures(&result.versions));
        result.skipped.iter().for_each(|s| output::line(format!("{} has no model: {}", s.symbol, s.message)));
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The bars of a file, and what is wrong with its other rows.
fn read(path: &Path) -> Result<(Vec<Bar>, Vec<String>), Failure> {
    let told = |error: &dyn std::fmt::Display| Failure::runtime(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| told(&error))?;
    let stem = name(path).split('.').next().unwrap_or_default().to_ascii_uppercase();
    let options = Options { symbol: Symbol::try_from(stem).ok(), time_frame: TimeFrame::D1, until: None };
    let rows = Reader::new(BufReader::new(file), options).map_err(|error| told(&error))?;
    let (mut bars, mut faults) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(bar) => bars.push(bar),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    Ok((bars, faults))
}

async fn send(channel: Channel, bars: Vec<Bar>, source: String) -> Result<ImportBarsResponse, Failure> {
    let messages: Vec<_> = bars.chunks(CHUNK).map(|chunk| message(chunk, &source)).collect();
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

fn tell(global: &Global, path: &Path, answer: &ImportBarsResponse, faults: &[String]) -> Result<(), Failure> {
    if global.json {
        // Rows that never left this process are in no answer.
        faults.iter().for_each(|fault| eprintln!("{}: {fault}", path.display()));
        output::line(output::json(answer, "tickmesh.market.v1.ImportBarsResponse")?);
        return Ok(());
    }
    for fault in faults {
        output::line(format!("{}: {fault}", path.display()));
    }
    for rejected in &answer.rejections {
        let why = rejected.error.as_ref().map_or("refused", |error| error.message.as_str());
        output::line(format!("{}: bar {} of {}: {why}", path.display(), rejected.index, rejected.symbol));
    }
    output::line(format!(
        "{}: {} bars written, {} unchanged, {} refused",
        path.display(),
        answer.written,
        answer.unchanged,
        answer.rejected as usize + faults.len(),
    ));
    Ok(())
}
