//! The live loop: signals come in, a round of them is gathered, the books are optimised anew.

mod gather;

pub use gather::Gather;
