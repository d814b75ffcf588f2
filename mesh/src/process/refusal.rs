use std::fmt::{self, Display};
use std::io;

use crate::config::ConfigError;
use crate::serve::BindError;
use crate::telemetry::FilterError;

/// Why a process ends early: its exit code, and one line that says what to do.
#[derive(Debug)]
pub struct Refusal {
    code: u8,
    line: String,
}

impl Refusal {
    /// Ends with `code`, not zero, and says `why`.
    pub fn new(code: u8, why: &impl Display) -> Self {
        debug_assert_ne!(code, 0, "a refusal is no success");
        Self { code, line: why.to_string() }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        self.code
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        Self::new(error.exit_code(), &error)
    }
}

impl From<BindError> for Refusal {
    fn from(error: BindError) -> Self {
        Self::new(error.exit_code(), &error)
    }
}

impl From<FilterError> for Refusal {
    fn from(error: FilterError) -> Self {
        Self::new(error.exit_code(), &error)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::new(1, &error)
    }
}

impl From<rayon::ThreadPoolBuildError> for Refusal {
    fn from(error: rayon::ThreadPoolBuildError) -> Self {
        Self::new(1, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{LogFormat, init};

    #[test]
    fn a_log_filter_that_is_none_is_a_mistake_in_how_it_was_called() {
        let refusal = Refusal::from(init("tickmesh=loud", LogFormat::Json).unwrap_err());
        assert_eq!(refusal.exit_code(), 64);
        assert!(refusal.to_string().starts_with("\"tickmesh=loud\" is no log filter"), "{refusal}");
    }
}
