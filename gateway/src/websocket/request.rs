//! What a client asks for: one message of JSON → one stream request for each channel.

use prost_reflect::{DynamicMessage, Value};
use serde_json::{Map, Value as Json};
use tickmesh_mesh::status::{Fault, Violations};

use super::Channel;
use super::channel::Feeds;
use crate::contract::find_field;
use crate::decode;

/// What one message asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The request of each channel that was named; refused ones keep what they have.
    pub(super) channels: Vec<(Channel, Result<DynamicMessage, Fault>)>,
    /// Names that no channel has.
    pub(super) unknown: Vec<(String, Fault)>,
}

/// Reads a message.
///
/// # Errors
/// INVALID_ARGUMENT that names everything in it that fits no channel.
pub(super) fn parse(text: &str, feeds: &Feeds) -> Result<Wanted, Fault> {
    let mut violations = Violations::new();
    let parts = Parts::take(text, &mut violations);
    let (channels, unknown) = known(&parts.channels);
    let fits = |name: &&String| channels.is_empty() || channels.iter().any(|channel| takes(*channel, name, feeds));
    for name in parts.fields.keys().filter(|name| !fits(name)) {
        violations.add(name, "is unknown: besides channels and resume_after, give fields of the streams' requests");
    }
    for name in parts.resume_after.keys().filter(|name| !parts.channels.contains(name)) {
        violations.add(&format!("resume_after.{name}"), "must be the name of a channel in channels");
    }
    violations.finish(())?;
    let channels = channels.into_iter().map(|channel| (channel, request(channel, &parts, feeds))).collect();
    Ok(Wanted { channels, unknown })
}

/// A message taken apart.
#[derive(Default)]
struct Parts {
    channels: Vec<String>,
    resume_after: Map<String, Json>,
    /// Everything else: fields of the streams' requests.
    fields: Map<String, Json>,
}

impl Parts {
    fn take(text: &str, violations: &mut Violations) -> Self {
        let mut fields = match decode::json(text.as_bytes(), violations) {
            Ok(Json::Object(fields)) => fields,
            Ok(_) => return Self::refused("must be a JSON object", violations),
            Err(error) => return Self::refused(&format!("must be JSON: {error}"), violations),
        };
        let channels = channel_names(fields.remove("channels"), violations);
        let resume_after = fields.remove("resume_after").or_else(|| fields.remove("resumeAfter"));
        let resume_after = cursors(resume_after, violations);
        Self { channels, resume_after, fields }
    }

    fn refused(rule: &str, violations: &mut Violations) -> Self {
        violations.add("message", rule);
        Self::default()
    }
}

/// As many names of channels as a message may have: each one that no channel has is answered by itself.
const MAX_CHANNELS: usize = 16;

fn channel_names(json: Option<Json>, violations: &mut Violations) -> Vec<String> {
    let names = json.and_then(|json| serde_json::from_value(json).ok());
    if names.as_ref().is_some_and(|names: &Vec<String>| names.len() > MAX_CHANNELS) {
        violations.add("channels", format!("must be at most {MAX_CHANNELS} names"));
        return Vec::new();
    }
    names.unwrap_or_else(|| {
        violations.add("channels", format!("must be a list of names out of {}", all_names()));
        Vec::new()
    })
}

fn cursors(json: Option<Json>, violations: &mut Violations) -> Map<String, Json> {
    match json {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(cursors)) if cursors.values().all(Json::is_string) => cursors,
        Some(_) => {
            violations.add("resume_after", "must be an object of channels with their cursors");
            Map::new()
        }
    }
}

/// The channels of these names, each once, and the names that no channel has.
fn known(names: &[String]) -> (Vec<Channel>, Vec<(String, Fault)>) {
    let (mut channels, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match Channel::named(name) {
            Some(channel) if channels.contains(&channel) => {}
            Some(channel) => channels.push(channel),
            None => unknown.push((name.clone(), no_channel())),
        }
    }
    (channels, unknown)
}

fn no_channel() -> Fault {
    crate::transcode::error::bad_field("channels", format!("must be names out of {}", all_names()))
}

fn all_names() -> String {
    Channel::ALL.map(Channel::name).join(", ")
}

fn takes(channel: Channel, name: &str, feeds: &Feeds) -> bool {
    find_field(&feeds.method(channel).input(), name).is_some()
}

/// One channel's request: the fields that its stream has, and its cursor.
fn request(channel: Channel, parts: &Parts, feeds: &Feeds) -> Result<DynamicMessage, Fault> {
    let own = parts.fields.iter().filter(|(name, _)| takes(channel, name, feeds));
    let own = Json::Object(own.map(|(name, json)| (name.clone(), json.clone())).collect());
    let mut violations = Violations::new();
    let mut message = decode::message(&feeds.method(channel).input(), &own, &mut violations);
    if let Some(Json::String(cursor)) = parts.resume_after.get(channel.name()) {
        message.set_field_by_name("resume_after", Value::String(cursor.clone()));
    }
    violations.finish(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contracts;
    use crate::testing::{upstreams, violated_fields};

    fn feeds() -> Feeds {
        Feeds::new(&Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap(), upstreams()).unwrap()
    }

    fn requests(text: &str) -> Vec<(&'static str, String)> {
        let wanted = parse(text, &feeds()).unwrap();
        let json = |message: Result<DynamicMessage, Fault>| serde_json::to_string(&message.unwrap()).unwrap();
        wanted.channels.into_iter().map(|(channel, message)| (channel.name(), json(message))).collect()
    }

    #[tokio::test]
    async fn one_message_asks_for_several_streams() {
        let text = r#"{"symbols":["AAPL"],"channels":["ticks","signals","ticks"],"resume_after":{"signals":"c7"}}"#;
        let expected = [
            ("ticks", r#"{"symbols":["AAPL"]}"#.to_owned()),
            ("signals", r#"{"symbols":["AAPL"],"resumeAfter":"c7"}"#.to_owned()),
        ];
        assert_eq!(requests(text), expected);
    }

    #[tokio::test]
    async fn a_field_goes_to_the_streams_that_have_it() {
        let requests =
            requests(r#"{"channels":["ticks","bars"],"time_frame":"TIME_FRAME_1D","delivery":"DELIVERY_ALL"}"#);
        assert_eq!(requests[0].1, r#"{"delivery":"DELIVERY_ALL"}"#);
        assert_eq!(requests[1].1, r#"{"delivery":"DELIVERY_ALL","timeFrame":"TIME_FRAME_1D"}"#);
    }

    #[tokio::test]
    async fn an_unknown_channel_does_not_stop_the_others() {
        let wanted = parse(r#"{"channels":["ticks","news"]}"#, &feeds()).unwrap();
        assert_eq!(wanted.channels.len(), 1);
        assert_eq!(wanted.unknown[0].0, "news");
    }

    #[tokio::test]
    async fn everything_that_fits_no_channel_is_named() {
        let fields = |text: &str| violated_fields(parse(text, &feeds()).unwrap_err());
        assert_eq!(fields("hello"), ["message"]);
        assert_eq!(fields("[]"), ["message"]);
        assert_eq!(fields("{}"), ["channels"]);
        assert_eq!(fields(r#"{"channels":"ticks"}"#), ["channels"]);
        assert_eq!(fields(&format!(r#"{{"channels":["ticks"{}]}}"#, r#","x""#.repeat(16))), ["channels"]);
        assert_eq!(fields(r#"{"channels":["ticks"],"symbols":["A"],"symbols":["B"]}"#), ["symbols"]);
        assert_eq!(
            fields(r#"{"channels":["ticks"],"symbol":"A","resume_after":{"bars":"c"}}"#),
            ["symbol", "resume_after.bars"]
        );
    }

    #[tokio::test]
    async fn a_bad_value_refuses_the_channels_that_take_it() {
        let wanted = parse(r#"{"channels":["ticks"],"symbols":[5]}"#, &feeds()).unwrap();
        let (_, request) = wanted.channels.into_iter().next().unwrap();
        assert_eq!(violated_fields(request.unwrap_err()), ["symbols[0]"]);
    }
}
