use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_mesh::status::Fault;

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
    /// Trains every symbol without a champion once the market's history is in. Bars of the market's replay are left out:
    /// however far it has got by then, the models have not seen what it plays.
    ///
    /// While it cannot begin it tries again. A training that has ended is the last one, whatever its end: it may have been
    /// cancelled on purpose.
    pub async fn train_missing(self) {
        self.tools.shared.until_loaded().await;
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        loop {
            match self.begin_missing().await {
                Ok(None) => return,
                Ok(Some(id)) => return self.tell_end(&id).await,
                Err(fault) => tracing::warn!(%fault, "the first training cannot begin; trying again"),
            }
            backoff.wait().await;
        }
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

    async fn tell_end(&self, id: &str) {
        loop {
            match self.wait(id, WATCH).await.map(|view| view.state) {
                Ok(State::Running) => {}
                Ok(State::Ended(Outcome::Response(_))) => {
                    return tracing::info!("symbols without a champion are trained");
                }
                Ok(State::Ended(Outcome::Failure(_))) | Err(_) => {
                    return tracing::error!(
                        operation = id,
                        "the first training failed; start one with `tickmesh train`"
                    );
                }
            }
        }
    }
}
