use http::{HeaderMap, Request, header};

use crate::methods::{Kind, Method, Methods};

/// Which protocol a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Grpc,
    GrpcWeb,
    Http,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) door: Door,
    /// The method, if the contracts declare it.
    pub(super) method: Option<Method>,
}

impl Door {
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes) {
            Some(kind) if kind.starts_with(b"application/grpc-web") => Self::GrpcWeb,
            Some(kind) if kind.starts_with(b"application/grpc") => Self::Grpc,
            _ => Self::Http,
        }
    }
}

impl Call {
    pub(super) fn of<B>(request: &Request<B>, methods: &Methods) -> Self {
        let door = Door::of(request.headers());
        let method = match door {
            Door::Http => None,
            Door::Grpc | Door::GrpcWeb => methods.get(request.uri().path()).cloned(),
        };
        Self { door, method }
    }

    /// Who streams, as metrics have it.
    pub(super) fn kind(&self) -> &'static str {
        self.method.as_ref().map_or(Kind::Unary, |method| method.kind).name()
    }
}
