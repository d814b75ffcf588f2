use futures_util::StreamExt as _;
use tickmesh_fanout::topic::{EncodedMessages, Fields, Subscription};
use tickmesh_mesh::context;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault, unknown_symbol};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastService;
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::parse::{self, Holdings, MAX_WEIGHT, Sizes};
use super::{Face, render};
use crate::ask::{Answer, Made, Question};
use crate::decision::Reason;
use crate::forecast::Forecast;
use crate::live::Standing;
use crate::portfolio;

/// Symbols of a batch that are worked on at a time: enough to keep the compute pool busy, few enough to leave it room.
const AT_A_TIME: usize = 8;

#[tonic::async_trait]
impl ForecastService for Face {
    async fn predict(&self, request: Request<wire::PredictRequest>) -> Result<Response<wire::Forecast>, Status> {
        let question = parse::question(request.into_inner())?;
        let answer = self.answers.ask(question).await?;
        Ok(Response::new(render::answer(answer, self.clock())))
    }

    async fn batch_predict(
        &self,
        request: Request<wire::BatchPredictRequest>,
    ) -> Result<Response<wire::BatchPredictResponse>, Status> {
        let (symbols, as_of) = parse::batch(request.into_inner())?;
        let enough = enough_at();
        let answers = symbols.into_iter().enumerate().map(|(at, symbol)| async move {
            let answer = in_time(enough, self.one_of_many(at, &symbol, as_of)).await;
            render::result(symbol, answer, self.clock())
        });
        let results = futures_util::stream::iter(answers).buffered(AT_A_TIME).collect().await;
        Ok(Response::new(wire::BatchPredictResponse { results }))
    }

    async fn predict_portfolio(
        &self,
        request: Request<wire::PredictPortfolioRequest>,
    ) -> Result<Response<wire::PredictPortfolioResponse>, Status> {
        let holdings = parse::holdings(request.into_inner())?;
        let answer = self.portfolio(holdings).await?;
        Ok(Response::new(answer))
    }

    async fn list_signals(
        &self,
        request: Request<wire::ListSignalsRequest>,
    ) -> Result<Response<wire::ListSignalsResponse>, Status> {
        let wire::ListSignalsRequest { symbols } = request.into_inner();
        let signals = self.newest_signals(parse::symbols(symbols)?)?;
        Ok(Response::new(wire::ListSignalsResponse { signals }))
    }

    async fn list_forecasts(
        &self,
        request: Request<wire::ListForecastsRequest>,
    ) -> Result<Response<wire::ListForecastsResponse>, Status> {
        let (query, page) = parse::forecasts(request.into_inner())?;
        self.know(&query.symbols).await?;
        let run = self.answers.shared.run.load_full();
        let mut stored = self.answers.store.forecasts(&run, &query).await.map_err(Fault::internal)?;
        let next_page_token = page.cut(&mut stored, |one| parse::seal(&one.key()));
        let forecasts = stored.iter().map(|one| render::outcome_of(one, self.clock())).collect();
        Ok(Response::new(wire::ListForecastsResponse { forecasts, next_page_token }))
    }

    type StreamSignalsStream = EncodedMessages<wire::StreamSignalsResponse>;

    async fn stream_signals(
        &self,
        request: Request<wire::StreamSignalsRequest>,
    ) -> Result<Response<Self::StreamSignalsStream>, Status> {
        let ending = Ending::of(&request);
        let wire::StreamSignalsRequest {
            symbols,
            delivery,
            min_interval,
            resume_after,
            best_effort,
            heartbeat_interval,
        } = request.into_inner();
        let fields =
            Fields { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval, start_time: None };
        let subscription = Subscription::parse(fields, Delivery::All)?;
        Ok(Response::new(self.signals.subscribe(subscription, ending)?))
    }
}

impl Face {
    pub(super) fn clock(&self) -> Option<Timestamp> {
        self.answers.shared.board.load().clock
    }

    /// Refuses symbols of which there are neither bars nor models.
    async fn know(&self, symbols: &[Symbol]) -> Result<(), Fault> {
        let shared = &self.answers.shared;
        for symbol in symbols.iter().filter(|symbol| !shared.knows(symbol.as_str())) {
            if self.answers.store.model(symbol).await.map_err(Fault::internal)?.is_none() {
                return Err(unknown_symbol(symbol.as_str(), &shared.symbols()));
            }
        }
        Ok(())
    }

    async fn one_of_many(&self, at: usize, symbol: &str, as_of: Option<Timestamp>) -> Result<Answer, Fault> {
        parse::listed(at, symbol)?;
        if as_of.is_none() {
            return self.answers.now(symbol);
        }
        let question = Question { symbol: symbol.to_owned(), as_of, version: None, explain: false };
        self.answers.ask(question).await
    }

    fn newest_signals(&self, parse::Symbols(symbols): parse::Symbols) -> Result<Vec<wire::Signal>, Fault> {
        let Some(symbols) = symbols else {
            return Ok(self.answers.shared.board.load().symbols.values().map(|standing| signal(standing)).collect());
        };
        symbols.iter().map(|symbol| Ok(signal(&*self.answers.shared.standing(symbol.as_str())?))).collect()
    }

    async fn portfolio(&self, holdings: Holdings) -> Result<wire::PredictPortfolioResponse, Fault> {
        let Holdings { symbols, sizes } = holdings;
        let (mut made, mut bars) = (Vec::new(), Vec::new());
        for symbol in &symbols {
            made.push(forecast_of(self.answers.now(symbol.as_str())?)?);
            bars.push(self.answers.shared.standing(symbol.as_str())?.bars_until(Timestamp::MAX));
        }
        let forecasts: Vec<Forecast> = made.iter().map(|one| one.forecast.clone()).collect();
        let weights = weights(sizes, &forecasts)?;
        let held = weights.clone();
        let whole = self.answers.cpu.run(move || portfolio::whole(&held, &forecasts, &bars)).await?;
        let whole = whole.ok_or_else(not_finite)?;
        let clock = self.clock();
        let forecasts = made.into_iter().map(|one| render::answer(Answer::Made(Box::new(one)), clock)).collect();
        Ok(wire::PredictPortfolioResponse { forecasts, weights, ..render::whole(&symbols, whole) })
    }
}

/// When a batch has to be content with what it has: a little before its deadline, so that the answer still arrives.
fn enough_at() -> Option<Instant> {
    let deadline = context::current()?.deadline?;
    let left = deadline.saturating_duration_since(Instant::now());
    Some(deadline - left.mul_f64(0.1))
}

/// The answer, or the failure of one whose turn came too late.
async fn in_time<T>(enough: Option<Instant>, answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = || {
        Fault::new(
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            "the call's deadline was near before this symbol's turn",
        )
    };
    match enough {
        None => answer.await,
        Some(enough) if Instant::now() >= enough => Err(late()),
        Some(enough) => tokio::time::timeout_at(enough, answer).await.unwrap_or_else(|_| Err(late())),
    }
}

fn not_finite() -> Fault {
    Fault::new(Code::FailedPrecondition, "NOT_FINITE", "the portfolio's figures are beyond what a number can hold")
}

fn signal(standing: &Standing) -> wire::Signal {
    let bar = standing.newest.as_ref().map(|newest| newest.bar);
    match &standing.latest {
        Some(forecast) => render::signal(forecast),
        None if standing.forecaster.is_some() => render::unavailable_signal(&standing.symbol, bar, Reason::WarmingUp),
        None => render::unavailable_signal(&standing.symbol, bar, Reason::NoModel),
    }
}

fn forecast_of(answer: Answer) -> Result<Made, Fault> {
    match answer {
        Answer::Made(made) => Ok(*made),
        Answer::Unavailable { symbol, reason, .. } => {
            let text = format!("{symbol} has no forecast ({reason:?}), so its portfolio has none");
            Err(Fault::new(Code::FailedPrecondition, "NO_FORECAST", text).meta("symbol", symbol.to_string()))
        }
    }
}

/// Weights as they came, or quantities valued at the last prices.
fn weights(sizes: Sizes, forecasts: &[Forecast]) -> Result<Vec<f64>, Fault> {
    let quantities = match sizes {
        Sizes::Weights(weights) => return Ok(weights),
        Sizes::Quantities(quantities) => quantities,
    };
    let values: Vec<f64> = quantities.iter().zip(forecasts).map(|(units, f)| units * f.last_price).collect();
    let total: f64 = values.iter().sum();
    let weights: Vec<f64> = values.into_iter().map(|value| value / total).collect();
    let rule = if !(total > 0.0 && total.is_finite()) {
        "must have quantities whose value at the last prices sums to more than 0"
    } else if weights.iter().any(|weight| weight.abs() > MAX_WEIGHT) {
        "must have quantities none of which is worth more than 100 times the whole"
    } else {
        return Ok(weights);
    };
    Err(Fault::new(Code::InvalidArgument, "BAD_REQUEST", format!("holdings {rule}")).field("holdings", rule))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_has_no_time_left_fails_alone() {
        let now = Instant::now();
        let enough = Some(now + Duration::from_millis(100));
        assert_eq!(in_time(enough, async { Ok(3) }).await, Ok(3));
        let endless = std::future::pending::<Result<(), Fault>>();
        assert_eq!(in_time(enough, endless).await.unwrap_err().code(), Code::DeadlineExceeded, "it began in time");
        let unstarted = async { panic!("it does not begin") };
        assert_eq!(in_time::<()>(enough, unstarted).await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(in_time(None, async { Ok(9) }).await, Ok(9));
    }
}
