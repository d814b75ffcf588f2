//! Path, query and body → the request's message.

use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage as _, Value};
use tickmesh_mesh::status::Violations;

use super::routes::Match;
use crate::contract::{Body, resolve};
use crate::query::proto_name;
use crate::template::{Binding, PathError};
use crate::{decode, query};

/// Makes the message that a request of REST means, and names every part of the request that does not fit: the message
/// has the rest. Of a body that cannot be read there is none.
pub(super) fn message(found: Match<'_>, raw_query: Option<&str>, body: &[u8]) -> (Option<DynamicMessage>, Violations) {
    let mut violations = Violations::new();
    let input = found.method.input();
    let mut message = match found.body {
        Body::Request => decode::body(&input, body, &mut violations),
        Body::Nothing => Some(DynamicMessage::new(input)),
    };
    match (found.body, raw_query) {
        (_, None) => {}
        (Body::Request, Some(raw)) => query::refuse(raw, &mut violations),
        (Body::Nothing, Some(raw)) => {
            message.iter_mut().for_each(|message| query::bind(message, raw, &mut violations));
        }
    }
    if let Some(message) = &mut message {
        bind_path(message, found.bindings, &mut violations);
    }
    (message, violations)
}

fn bind_path(message: &mut DynamicMessage, bindings: Result<Vec<Binding<'_>>, PathError>, violations: &mut Violations) {
    match bindings {
        Ok(bindings) => bindings.into_iter().for_each(|binding| bind(message, binding, violations)),
        Err(PathError::Encoding { field }) => violations.add(&field, "must be percent-encoded UTF-8 in the path"),
    }
}

fn bind(message: &mut DynamicMessage, binding: Binding<'_>, violations: &mut Violations) {
    let path = resolve(&message.descriptor(), binding.field).expect("rules are checked when they are read");
    if !put(message, &path, binding.value) {
        violations.add(&proto_name(&path), "is given by the path and must not differ elsewhere");
    }
}

/// Sets the field at the end of `path`; false if it holds something else already.
fn put(message: &mut DynamicMessage, path: &[FieldDescriptor], value: String) -> bool {
    match path {
        [] => true,
        [field] => {
            let free = !message.has_field(field) || message.get_field(field).as_str() == Some(&value);
            message.set_field(field, Value::String(value));
            free
        }
        [field, rest @ ..] => match message.get_field_mut(field).as_message_mut() {
            Some(inner) => put(inner, rest, value),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use http::Method as Verb;

    use super::*;
    use crate::contract::Contracts;
    use crate::transcode::routes::{Found, Routes};

    fn read(verb: &Verb, path: &str, raw_query: Option<&str>, body: &str) -> Result<String, Vec<String>> {
        let routes = Routes::new(&Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap());
        let Found::Method(found) = routes.find(verb, path) else { panic!("{path} is no path") };
        let (message, violations) = message(found, raw_query, body.as_bytes());
        match violations.finish_some(message) {
            Ok(message) => Ok(serde_json::to_string(&message).unwrap()),
            Err(fault) => Err(crate::testing::violated_fields(fault)),
        }
    }

    #[test]
    fn path_and_query_make_one_request() {
        let read = read(&Verb::GET, "/v1/market/AAPL/bars", Some("time_frame=1D&page_size=2"), "");
        assert_eq!(read.unwrap(), r#"{"symbol":"AAPL","timeFrame":"TIME_FRAME_1D","pageSize":2}"#);
    }

    #[test]
    fn path_and_body_make_one_request() {
        let path = "/v1/models/aapl:setAlias";
        assert!(read(&Verb::POST, path, None, "{}").unwrap().contains("models/aapl"));
        assert!(read(&Verb::POST, path, None, r#"{"name":"models/aapl"}"#).is_ok());
        assert!(read(&Verb::POST, path, None, r#"{"name":"models/nvda"}"#).unwrap_err().contains(&"name".to_owned()));
    }

    #[test]
    fn a_field_of_the_path_cannot_be_contradicted_by_the_query() {
        let path = "/v1/market/AAPL/bars";
        assert_eq!(read(&Verb::GET, path, Some("symbol=NVDA"), "").unwrap_err(), ["symbol"]);
    }

    #[test]
    fn a_body_leaves_no_room_for_a_query() {
        let fields = read(&Verb::POST, "/predict", Some("symbol=AAPL&x=1"), r#"{"symbol":"AAPL"}"#).unwrap_err();
        assert_eq!(fields, ["symbol", "x"]);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let fields = read(&Verb::GET, "/v1/features/%ff:verifyParity", Some("start_time=now&stop=1"), "").unwrap_err();
        assert_eq!(fields, ["start_time", "stop", "symbol"]);
    }
}
