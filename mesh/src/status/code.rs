/// What kind of failure a caller sees: the codes of gRPC, each with its one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The caller went away.
    Cancelled,
    /// A failure without a better name, mostly from elsewhere.
    Unknown,
    /// The request breaks a rule whatever the state of the system.
    InvalidArgument,
    /// The deadline passed first.
    DeadlineExceeded,
    /// There is no such thing.
    NotFound,
    /// There is such a thing already.
    AlreadyExists,
    /// The caller may not do this.
    PermissionDenied,
    /// A limit, quota or queue is full.
    ResourceExhausted,
    /// The state of the system does not allow it now.
    FailedPrecondition,
    /// Somebody else changed it meanwhile.
    Aborted,
    /// Beyond what there is: a cursor that is too old, a moment that has not come.
    OutOfRange,
    /// No such method.
    Unimplemented,
    /// A bug of ours.
    Internal,
    /// Not now; try again.
    Unavailable,
    /// Data is lost or corrupt.
    DataLoss,
    /// The caller did not say who it is.
    Unauthenticated,
}

/// The one table of codes: ours, gRPC's, HTTP's, the name in JSON and metrics.
const TABLE: [(Code, tonic::Code, u16, &str); 16] = [
    (Code::Cancelled, tonic::Code::Cancelled, 499, "CANCELLED"),
    (Code::Unknown, tonic::Code::Unknown, 500, "UNKNOWN"),
    (Code::InvalidArgument, tonic::Code::InvalidArgument, 400, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, tonic::Code::DeadlineExceeded, 504, "DEADLINE_EXCEEDED"),
    (Code::NotFound, tonic::Code::NotFound, 404, "NOT_FOUND"),
    (Code::AlreadyExists, tonic::Code::AlreadyExists, 409, "ALREADY_EXISTS"),
    (Code::PermissionDenied, tonic::Code::PermissionDenied, 403, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, tonic::Code::ResourceExhausted, 429, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, tonic::Code::FailedPrecondition, 400, "FAILED_PRECONDITION"),
    (Code::Aborted, tonic::Code::Aborted, 409, "ABORTED"),
    (Code::OutOfRange, tonic::Code::OutOfRange, 400, "OUT_OF_RANGE"),
    (Code::Unimplemented, tonic::Code::Unimplemented, 501, "UNIMPLEMENTED"),
    (Code::Internal, tonic::Code::Internal, 500, "INTERNAL"),
    (Code::Unavailable, tonic::Code::Unavailable, 503, "UNAVAILABLE"),
    (Code::DataLoss, tonic::Code::DataLoss, 500, "DATA_LOSS"),
    (Code::Unauthenticated, tonic::Code::Unauthenticated, 401, "UNAUTHENTICATED"),
];

impl Code {
    fn row(self) -> &'static (Self, tonic::Code, u16, &'static str) {
        TABLE.iter().find(|row| row.0 == self).expect("the table has every code")
    }

    /// The code on gRPC.
    pub fn grpc(self) -> tonic::Code {
        self.row().1
    }

    /// The status on HTTP.
    pub fn http(self) -> http::StatusCode {
        http::StatusCode::from_u16(self.row().2).expect("the table has valid statuses")
    }

    /// The name, as in `google.rpc.Code`.
    pub fn name(self) -> &'static str {
        self.row().3
    }
}

impl From<tonic::Code> for Code {
    /// gRPC's OK is no failure; as one it is `Unknown`.
    fn from(code: tonic::Code) -> Self {
        TABLE.iter().find(|row| row.1 == code).map_or(Self::Unknown, |row| row.0)
    }
}

impl From<http::StatusCode> for Code {
    /// The nearest code of an HTTP status that somebody else made, as gRPC's own mapping has it.
    fn from(status: http::StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_row_and_comes_back() {
        for (code, grpc, ..) in TABLE {
            assert_eq!(code.grpc(), grpc);
            assert_eq!(Code::from(grpc), code);
            assert!(code.http().is_client_error() || code.http().is_server_error());
        }
    }

    #[test]
    fn http_follows_the_contract() {
        assert_eq!(Code::NotFound.http(), 404);
        assert_eq!(Code::InvalidArgument.http(), 400);
        assert_eq!(Code::Unavailable.http(), 503);
    }
}
