//! The live loop: signals come in, a round of them is gathered, every live portfolio is optimised anew by a task of its
//! own.
//!
//! An allocation is appended to its portfolio's log before anybody sees it; the log is the write-ahead log of the stored
//! state. So a crash at any moment neither loses nor repeats one: on start, what the log has beyond the stored state is
//! taken over, and signals of rounds that are done are let go.

mod allocator;
mod book;
mod books;
mod gather;
mod shelf;
mod start;
mod worker;

pub(crate) use allocator::Allocator;
pub use book::Book;
pub use books::Books;
pub(crate) use books::Lease;
pub use gather::{Gather, Round};
use start::Start;
