//! How the command ends when it cannot do what was asked: one clear line, or JSON, and an exit code.

use std::fmt;
use std::process::ExitCode;

use tickmesh_mesh::status::{Code, Fault};
use tonic::Status;
use tonic_types::{FieldViolation, StatusExt as _};

use crate::output;

/// One clear line for a person, the same as a status for a program, and the process's exit code.
#[derive(Debug)]
pub struct Failure {
    exit_code: u8,
    message: String,
    status: Box<Status>,
}

/// The command line or the configuration is wrong (EX_USAGE of sysexits.h).
const USAGE: u8 = 64;

impl Failure {
    /// The command line or the configuration is wrong: exit code 64.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::of_part(USAGE, message)
    }

    /// The work could not be done: exit code 1.
    pub fn runtime(message: impl fmt::Display) -> Self {
        Self::of_part(1, message)
    }

    /// A part of the mesh cannot start or go on; it says its own exit code.
    pub fn of_part(exit_code: u8, message: impl fmt::Display) -> Self {
        let (code, reason) = match exit_code {
            USAGE => (Code::InvalidArgument, "USAGE"),
            _ => (Code::Unknown, "FAILED"),
        };
        Self { exit_code, ..Self::from(Fault::new(code, reason, message.to_string())) }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit_code)
    }

    /// Says on standard error what went wrong: one line, for programs as a JSON object.
    pub fn tell(&self, json: bool) {
        if json {
            eprintln!("{}", output::error(&self.status));
        } else {
            eprintln!("tickmesh: {self}");
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::from(Status::from(fault))
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self { exit_code: 1, message: sentence(&status), status: Box::new(status) }
    }
}

/// The message with every bad field. The services' message is the first of them with the count of the others, which the
/// whole list replaces. What has no details was said by no service: the connection broke.
fn sentence(status: &Status) -> String {
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let listed = violations.iter().map(rule).collect::<Vec<_>>().join("; ");
    match violations.first().map(rule) {
        None if status.code() == tonic::Code::Unavailable && status.details().is_empty() => {
            format!("the connection to the mesh is lost: {}", status.message())
        }
        None => status.message().to_owned(),
        Some(first) if status.message().starts_with(&first) => listed,
        Some(_) => format!("{}; {listed}", status.message()),
    }
}

fn rule(FieldViolation { field, description, .. }: &FieldViolation) -> String {
    format!("{field} {description}")
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
    use tickmesh_mesh::status::Violations;

    use super::*;

    #[test]
    fn says_every_bad_field_once() {
        let mut violations = Violations::new();
        violations.add("symbol", "must be given");
        let one = violations.finish(()).unwrap_err();
        assert_eq!(Failure::from(one).to_string(), "symbol must be given");
        let mut violations = Violations::new();
        violations.add("symbol", "must be given");
        violations.add("as_of", "is later than the market's clock");
        let two = violations.finish(()).unwrap_err();
        assert_eq!(Failure::from(two).to_string(), "symbol must be given; as_of is later than the market's clock");
        let lost = Failure::from(Status::unavailable("tcp connect error"));
        assert_eq!(lost.to_string(), "the connection to the mesh is lost: tcp connect error");
        let elsewhere = Fault::new(Code::InvalidArgument, "BAD", "a bad request").field("symbol", "must be given");
        assert_eq!(Failure::from(elsewhere).to_string(), "a bad request; symbol must be given");
    }

    #[test]
    fn programs_read_code_reason_message_and_details() {
        let unknown = Fault::new(Code::NotFound, "SYMBOL_UNKNOWN", "there is no ZZZ").meta("known", "AAPL");
        let json = output::error(&Failure::from(unknown).status);
        assert_eq!(json["code"], 5);
        assert_eq!(
            (json["reason"].as_str(), json["message"].as_str()),
            (Some("SYMBOL_UNKNOWN"), Some("there is no ZZZ"))
        );
        assert_eq!(json["details"][0]["metadata"]["known"], "AAPL");
        let lost = Fault::unavailable("LOST", "not now", std::time::Duration::from_secs(1));
        assert_eq!(output::error(&Failure::from(lost).status)["reason"], "LOST", "whichever detail has it");
        assert_eq!(output::error(&Failure::usage("no such flag").status)["reason"], "USAGE");
    }
}
