use futures_util::StreamExt as _;
use tickmesh_fanout::topic::{EncodedMessages, Fields, Subscription};
use tickmesh_mesh::context;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Fault, unknown_symbol};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastService;
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{Face, parse, render};
use crate::ask::{Answer, Question};
use crate::batch::{AT_A_TIME, Batch};

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
        let batch = Batch::begun(Instant::now(), context::current().and_then(|call| call.deadline));
        let answers = symbols.into_iter().enumerate().map(|(at, symbol)| async move {
            let answer = batch.answer(self.one_of_many(at, &symbol, as_of)).await;
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
        let portfolio = self.answers.portfolio(holdings).await?;
        Ok(Response::new(render::portfolio(portfolio, self.clock())))
    }

    async fn list_signals(
        &self,
        request: Request<wire::ListSignalsRequest>,
    ) -> Result<Response<wire::ListSignalsResponse>, Status> {
        let wire::ListSignalsRequest { symbols } = request.into_inner();
        let parse::Symbols(symbols) = parse::symbols(symbols)?;
        let standings = self.answers.shared.standings(symbols.as_deref())?;
        let signals = standings.iter().map(|standing| render::newest_signal(standing)).collect();
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
        let question = Question { symbol: symbol.to_owned(), as_of, version: None, explain: false };
        self.answers.ask(question).await
    }
}
