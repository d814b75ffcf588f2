use tickmesh_fanout::topic::{EncodedMessages, Fields, Subscription};
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault, unknown_symbol};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastService;
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::{Symbol, Timestamp};
use tonic::{Request, Response, Status};

use super::parse::{self, Holdings, Sizes};
use super::{Face, render};
use crate::ask::{Answer, Question};
use crate::decision::Reason;
use crate::forecast::Forecast;
use crate::live::Standing;
use crate::portfolio::{self, Whole};

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
        let mut results = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            let answer = self.one_of_many(&symbol, as_of).await;
            results.push(render::result(symbol, answer, self.clock()));
        }
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

    async fn one_of_many(&self, symbol: &str, as_of: Option<Timestamp>) -> Result<Answer, Fault> {
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
        let (mut forecasts, mut bars) = (Vec::new(), Vec::new());
        for symbol in &symbols {
            forecasts.push(made(self.answers.now(symbol.as_str())?)?);
            bars.push(self.answers.shared.standing(symbol.as_str())?.bars_until(Timestamp::MAX));
        }
        let weights = weights(sizes, &forecasts)?;
        let (held, made) = (weights.clone(), forecasts.clone());
        let Whole { expected, volatility, interval, correlation } =
            self.answers.cpu.run(move || portfolio::whole(&held, &made, &bars)).await?;
        let clock = self.clock();
        let row = |(symbol, values): (&Symbol, Vec<f64>)| wire::CorrelationRow { symbol: symbol.to_string(), values };
        Ok(wire::PredictPortfolioResponse {
            forecasts: forecasts.into_iter().map(|forecast| render::answer(forecast.into(), clock)).collect(),
            weights,
            expected_return: expected,
            volatility,
            interval: Some(render::interval(&interval)),
            correlation: symbols.iter().zip(correlation).map(row).collect(),
        })
    }
}

fn signal(standing: &Standing) -> wire::Signal {
    let bar = standing.newest.as_ref().map(|newest| newest.bar);
    match &standing.latest {
        Some(forecast) => render::signal(forecast),
        None if standing.forecaster.is_some() => render::unavailable_signal(&standing.symbol, bar, Reason::WarmingUp),
        None => render::unavailable_signal(&standing.symbol, bar, Reason::NoModel),
    }
}

fn made(answer: Answer) -> Result<Forecast, Fault> {
    match answer {
        Answer::Made(made) => Ok(made.forecast),
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
    if total > 0.0 && total.is_finite() {
        return Ok(values.into_iter().map(|value| value / total).collect());
    }
    let rule = "must have quantities whose value at the last prices sums to more than 0";
    Err(Fault::new(Code::InvalidArgument, "BAD_REQUEST", format!("holdings {rule}")).field("holdings", rule))
}
