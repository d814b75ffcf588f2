use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::feed::Listed;
use crate::history::DailyBar;
use crate::store::{Alias, ModelFacts, RequestKey};
use crate::training::Trained;
use crate::version::VersionName;

/// Something that must happen in the live loop's order.
#[derive(Debug)]
pub enum Command {
    /// Keep a trained model as a version; a symbol's first one becomes its champion.
    Keep {
        /// The model.
        trained: Box<Trained>,
        /// Who asked for it.
        owner: String,
        /// Wall clock.
        time: Timestamp,
        /// Takes the version's name.
        answer: oneshot::Sender<Result<VersionName, Fault>>,
    },
    /// Move an alias.
    Promote {
        /// Which, and where to.
        promotion: Promotion,
        /// Takes the model after it.
        answer: oneshot::Sender<Result<ModelFacts, Fault>>,
    },
    /// Take in a symbol's history, which the stream has not brought.
    Backfill {
        /// The symbol.
        symbol: Symbol,
        /// All its bars.
        bars: Vec<DailyBar>,
        /// Answers when it is done.
        answer: oneshot::Sender<Result<(), Fault>>,
    },
    /// Take in the instruments that the market lists now, with their calendars.
    List {
        /// The instruments.
        listed: Vec<Listed>,
        /// Answers when it is done.
        answer: oneshot::Sender<Result<(), Fault>>,
    },
    /// Note that a training of all that the market lists has begun, and of which symbols that was.
    Begun {
        /// The symbols.
        symbols: Vec<Symbol>,
        /// Answers when it is done.
        answer: oneshot::Sender<Result<(), Fault>>,
    },
    /// Note that a training has left symbols without a model.
    Skip {
        /// The symbols.
        symbols: Vec<Symbol>,
        /// Answers when it is done.
        answer: oneshot::Sender<Result<(), Fault>>,
    },
}

/// A move of an alias, asked for by a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The alias.
    pub alias: Alias,
    /// Where it goes.
    pub version: VersionName,
    /// Who moves it.
    pub owner: String,
    /// Wall clock.
    pub time: Timestamp,
    /// The request, if the caller gave it an id: it moves once.
    pub request: Option<RequestKey>,
}

/// The way to the live loop. Its queue is bounded: callers wait their turn.
#[derive(Clone, Debug)]
pub struct Commands(mpsc::Sender<Command>);

impl Commands {
    /// Commands that may wait.
    const QUEUE: usize = 64;

    /// Both ends of the queue.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(Self::QUEUE);
        (Self(sender), receiver)
    }

    /// Keeps a trained model as a version.
    ///
    /// # Errors
    /// If the store fails or the live loop has ended.
    pub async fn keep(&self, trained: Trained, owner: String, time: Timestamp) -> Result<VersionName, Fault> {
        let trained = Box::new(trained);
        self.send(|answer| Command::Keep { trained, owner, time, answer }).await
    }

    /// Moves an alias and gives the model after it. A request with an id moves once and gives its first answer again.
    ///
    /// # Errors
    /// NOT_FOUND, reason MODEL_VERSION_UNKNOWN; FAILED_PRECONDITION, reason FEATURE_SET_MISMATCH; ALREADY_EXISTS,
    /// reason REQUEST_ID_REUSED; if the store fails or the live loop has ended.
    pub async fn promote(&self, promotion: Promotion) -> Result<ModelFacts, Fault> {
        self.send(|answer| Command::Promote { promotion, answer }).await
    }

    /// Takes in a symbol's history.
    ///
    /// # Errors
    /// If the live loop has ended.
    pub async fn backfill(&self, symbol: Symbol, bars: Vec<DailyBar>) -> Result<(), Fault> {
        self.send(|answer| Command::Backfill { symbol, bars, answer }).await
    }

    /// Takes in the instruments that the market lists now.
    ///
    /// # Errors
    /// If the live loop has ended.
    pub async fn list(&self, listed: Vec<Listed>) -> Result<(), Fault> {
        self.send(|answer| Command::List { listed, answer }).await
    }

    /// Notes that a training of all that the market lists has begun: nobody need wait for other symbols than these.
    ///
    /// # Errors
    /// If the live loop has ended.
    pub async fn begun(&self, symbols: Vec<Symbol>) -> Result<(), Fault> {
        self.send(|answer| Command::Begun { symbols, answer }).await
    }

    /// Notes that a training has left symbols without a model: nobody need wait for their forecasts.
    ///
    /// # Errors
    /// If the live loop has ended.
    pub async fn skip(&self, symbols: Vec<Symbol>) -> Result<(), Fault> {
        self.send(|answer| Command::Skip { symbols, answer }).await
    }

    async fn send<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T, Fault>>) -> Command) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.0.send(command(answer)).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

fn ended() -> Fault {
    Fault::new(Code::Unavailable, "DRAINING", "the service is shutting down")
        .retry_after(std::time::Duration::from_secs(1))
}
