//! What a portfolio risks and promises.

mod contributions;
mod figures;
mod tail;

pub use contributions::contributions;
pub use figures::Figures;
pub use tail::{Tail, tail};
