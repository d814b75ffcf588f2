use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_mesh::status::{Code, Fault};

use super::board::{Jobs, Launch};
use super::train::TrainRequest;
use crate::store::{Outcome, State};
use crate::training::Order;
use crate::usable::has_usable_champion;

/// Who owns the training that nobody asked for.
const OWNER: &str = "system";
/// How long its end is waited for at a time.
const WATCH: Duration = Duration::from_secs(600);

impl Jobs {
    /// Trains every symbol without a champion once the market's history is in. Bars of the market's replay are left
    /// out: however far it has got by then, the models have not seen what it plays.
    ///
    /// When it cannot begin or fails it tries again, since nobody else will: the service is not ready before. Only one
    /// that was cancelled is the last one, for that was on purpose.
    pub async fn train_missing(self) {
        self.tools.shared.until_loaded().await;
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
        while !self.train_once().await {
            backoff.wait().await;
        }
    }

    /// Trains once; says whether that was the last time.
    async fn train_once(&self) -> bool {
        let begun = match self.begin_missing().await {
            Ok(Some(id)) => self.is_over(&id).await,
            Ok(None) => Ok(true),
            Err(fault) => Err(fault),
        };
        begun.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "the first training cannot be made; trying again");
            false
        })
    }

    /// Starts the training, unless every symbol has a champion.
    async fn begin_missing(&self) -> Result<Option<String>, Fault> {
        if !self.is_any_missing().await? {
            return Ok(None);
        }
        let until = self.tools.market.replay_start().await?;
        let request = TrainRequest { symbols: Vec::new(), order: Order::default(), until, missing_only: true };
        let launch = Launch { owner: OWNER.to_owned(), request: None };
        Ok(Some(self.train_to(launch, request).await?.id))
    }

    async fn is_any_missing(&self) -> Result<bool, Fault> {
        for listed in self.tools.market.listed().await? {
            let store = self.tools.store.as_ref();
            let model = store.model(&listed.symbol).await.map_err(Fault::internal)?;
            let Some(model) = model else { return Ok(true) };
            if !has_usable_champion(store, &model).await.map_err(Fault::internal)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits for a training's end; says whether it was trained, or is not to be.
    async fn is_over(&self, id: &str) -> Result<bool, Fault> {
        loop {
            let State::Ended(outcome) = self.wait(id, WATCH).await?.state else { continue };
            let Outcome::Failure(status) = outcome else {
                tracing::info!("symbols without a champion are trained");
                return Ok(true);
            };
            let code = self.tools.wire.code(&status);
            if code == Code::Cancelled {
                tracing::warn!(operation = id, "the first training was cancelled; start one with `tickmesh train`");
                return Ok(true);
            }
            tracing::warn!(operation = id, ?code, "the first training failed; trying again");
            return Ok(false);
        }
    }
}
