use tickmesh_mesh::clock;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::Timestamp;

use super::board::{Jobs, Launch, Tools};
use super::cpu::patiently;
use super::histories;
use super::job::{Job, View};
use super::wire::{EvaluateProgress, EvaluateReport};
use crate::backtest::{Found, MIN_ROWS, TooFewRows, evaluate};
use crate::usable::usable_version;
use crate::version::{Version, VersionName};

/// An evaluation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateRequest {
    /// The version.
    pub version: VersionName,
    /// Score forecasts made at or after this moment; none means all out of sample.
    pub start: Option<Timestamp>,
    /// Score forecasts made before this moment; none means all.
    pub end: Option<Timestamp>,
}

impl Jobs {
    /// Starts an evaluation.
    ///
    /// # Errors
    /// ALREADY_EXISTS, reason REQUEST_ID_REUSED; NOT_FOUND for an unknown version; FAILED_PRECONDITION,
    /// reason TOO_FEW_ROWS, with too few bars after its training, or FEATURE_SET_MISMATCH;
    /// RESOURCE_EXHAUSTED when the queue is full.
    pub async fn evaluate(&self, launch: Launch, request: EvaluateRequest) -> Result<View, Fault> {
        if let Some(begun) = self.begun(&launch).await? {
            return Ok(begun);
        }
        let version = usable_version(self.tools.store.as_ref(), &request.version).await?;
        let rows = self.rows(&version, &request);
        if rows < MIN_ROWS {
            return Err(too_few(&request.version, rows));
        }
        let progress = EvaluateProgress { done: 0, total: rows, begun: clock::now() };
        let metadata = self.tools.wire.evaluating(&progress);
        let tools = self.tools.clone();
        let work = move |job: Job| async move {
            let whole = run(tools, job.clone(), version, request, progress);
            job.or_stopped(whole).await
        };
        self.launch(launch, metadata, work).await
    }

    /// Bars that can be scored, as far as the live loop knows them.
    fn rows(&self, version: &Version, request: &EvaluateRequest) -> usize {
        let board = self.tools.shared.board.load();
        let Some(standing) = board.symbols.get(&version.name.symbol) else { return 0 };
        let bars = standing.bars_until(Timestamp::MAX);
        let scored = bars.len().saturating_sub(version.facts.horizon);
        let within = |time| !version.in_sample(time) && contains(request, time);
        bars[..scored].iter().filter(|bar| within(bar.time())).count()
    }
}

async fn run(
    tools: Tools,
    job: Job,
    version: Version,
    request: EvaluateRequest,
    progress: EvaluateProgress,
) -> Result<Vec<u8>, Fault> {
    let (name, calibration) = (version.name.clone(), version.facts.calibration);
    let history = histories::complete(&tools, std::slice::from_ref(&name.symbol), Timestamp::MAX).await?;
    let bars = history.into_iter().next().map_or_else(Vec::new, |(_, bars)| bars);
    let within = move |time| contains(&request, time);
    let asked = job.clone();
    let found = patiently(&tools.cpu, move || evaluate(&version, &bars, &within, &|| asked.is_cancelled())).await?;
    let Some(found) = found else { return Err(job.stopped()) };
    let found = found.map_err(|TooFewRows(rows)| too_few(&name, rows))?;
    job.report(tools.wire.evaluating(&EvaluateProgress { done: progress.total, ..progress }));
    let Found { evaluation, start, end } = found;
    let report = EvaluateReport { version: name, evaluation, calibration, start, end };
    Ok(tools.wire.evaluated(&report))
}

fn contains(request: &EvaluateRequest, time: Timestamp) -> bool {
    request.start.is_none_or(|start| time >= start) && request.end.is_none_or(|end| time < end)
}

fn too_few(name: &VersionName, rows: usize) -> Fault {
    let text = format!("{name} can be scored on {rows} bars after its training, and {MIN_ROWS} are needed");
    Fault::new(Code::FailedPrecondition, "TOO_FEW_ROWS", text).meta("rows", rows.to_string())
}
