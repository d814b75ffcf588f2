use tickmesh_proto::types::Timestamp;

use super::RequestKey;

/// An operation on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOperation {
    /// Its id, unique.
    pub id: String,
    /// Who asked for it.
    pub owner: String,
    /// The request, if the caller gave it an id: there is at most one operation of it.
    pub request: Option<RequestKey>,
    /// Encoded metadata.
    pub metadata: Vec<u8>,
    /// Wall clock.
    pub time: Timestamp,
}

/// Long work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// Encoded metadata.
    pub metadata: Vec<u8>,
    /// Whether it runs or how it ended.
    pub state: State,
}

/// Whether an operation runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs or waits to.
    Running,
    /// It has ended.
    Ended(Outcome),
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an encoded response.
    Response(Vec<u8>),
    /// With an encoded failure.
    Failure(Vec<u8>),
}
