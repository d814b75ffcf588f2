//! The live loop: signals come in, a round of them is gathered, every live portfolio is optimised anew.
//!
//! An allocation is appended to its portfolio's log before anybody sees it; the log is the write-ahead log of the stored
//! state. So a crash at any moment neither loses nor repeats one: on start, what the log has beyond the stored state is
//! taken over, and signals of rounds that are done are let go.

mod allocator;
mod book;
mod books;
mod gather;

pub(crate) use allocator::Allocator;
pub use book::Book;
pub use books::Books;
pub use gather::{Gather, Round};
