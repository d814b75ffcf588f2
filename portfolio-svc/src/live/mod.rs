//! The live loop: signals come in, a round of them is gathered, every live portfolio is optimised anew by a task of its
//! own.
//!
//! An allocation is appended to its portfolio's log before anybody sees it; the log is the write-ahead log of the
//! stored state. How far the signals were read is stored once the slowest portfolio is done with what they led to. So a
//! crash at any moment neither loses nor repeats an allocation: on start, what a log has beyond the stored state is
//! taken over, signals are read again from where the slowest portfolio was, and each lets go of the rounds that it has
//! done. Of a run that has just begun there may be no such place yet: then the default portfolio's log tells the others
//! what they missed.

mod allocator;
mod book;
mod books;
mod files;
mod gather;
mod open;
mod rounds;
mod run;
mod shelf;
mod start;
mod wire;
mod worker;

pub(crate) use allocator::Allocator;
pub use book::Book;
pub use books::Books;
pub(crate) use books::Lease;
pub use gather::{Gather, Round};
use run::Run;
pub use shelf::Room;
pub use start::Start;
pub use wire::Wire;
