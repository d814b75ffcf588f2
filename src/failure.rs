//! How the command ends when it cannot do what was asked: one clear line and an exit code.

use std::fmt;
use std::process::ExitCode;

use tonic_types::StatusExt as _;

/// One clear line for a person, and the process's exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

/// The command line or the configuration is wrong (EX_USAGE of sysexits.h).
const USAGE: u8 = 64;

impl Failure {
    /// The command line or the configuration is wrong: exit code 64.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    /// The work could not be done: exit code 1.
    pub fn runtime(message: impl fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// A part of the mesh cannot start or go on; it says its own exit code.
    pub fn of_part(code: u8, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let mut message = status.message().to_owned();
        for violation in status.get_details_bad_request().iter().flat_map(|bad| &bad.field_violations) {
            message.push_str(&format!("; {} {}", violation.field, violation.description));
        }
        Self::runtime(message)
    }
}

/// Each part knows its own exit codes.
macro_rules! failures_of {
    ($($part:ident),*) => {$(
        impl From<$part::Error> for Failure {
            fn from(error: $part::Error) -> Self {
                Self::of_part(error.exit_code(), error)
            }
        }
    )*};
}

failures_of!(market_svc, model_svc, portfolio_svc, gateway);

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::runtime(error)
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, FieldViolation};

    use super::*;

    #[test]
    fn says_every_bad_field() {
        let details = ErrorDetails::with_bad_request(vec![FieldViolation::new("symbol", "must be given")]);
        let status = tonic::Status::with_error_details(tonic::Code::InvalidArgument, "bad request", details);
        assert_eq!(Failure::from(status).to_string(), "bad request; symbol must be given");
    }
}
