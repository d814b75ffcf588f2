use tickmesh_mesh::status::{Code, Fault};

/// A request that is done once however often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// What it asks for. An id counts within one owner and method.
    pub method: &'static str,
    /// Its id, a UUID that the caller chose.
    pub id: String,
    /// Digest of all else that it says: the same id with another digest is another request.
    pub digest: String,
}

impl RequestKey {
    /// The refusal of another request that has this id.
    #[must_use]
    pub fn taken(&self) -> Fault {
        let Self { method, id, digest: _ } = self;
        let text =
            format!("request_id {id} was used for another request of {method}; a new request needs an id of its own");
        Fault::new(Code::AlreadyExists, "REQUEST_ID_REUSED", text).meta("request_id", id).meta("method", *method)
    }
}

/// What a store makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<T> {
    /// It is new, or has no id: it was done.
    Done(T),
    /// It was done before, and this was its answer then; nothing was done now.
    Known(T),
    /// Its id was used for another request; nothing was done.
    Taken(RequestKey),
}
