//! What market-svc knows: instruments, and adjusted closes kept fresh by one live subscription.
//!
//! [`Market`] is the handle. Closes of a symbol are fetched whole when they are first asked for and then kept up by
//! `follow`; while the subscription is down, each use fetches what is new. Bars that were imported come through no
//! subscription: where the list of instruments tells of more than have come, the symbol's closes are fetched anew.

mod client;
mod closes;
mod feed;
mod handle;
mod kept;
mod universe;

pub use closes::Closes;
pub(crate) use feed::follow;
pub use handle::Market;
pub use universe::Universe;
