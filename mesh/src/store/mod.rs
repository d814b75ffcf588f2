//! Files that a part owns: its data directory, held by one process at a time, and its SQLite database.

mod data_dir;
mod error;
pub mod sqlite;

pub use data_dir::DataDir;
pub use error::StoreError;
