use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

/// Read once: the table is part of the contracts.
pub(super) static PUBLISHED: LazyLock<Policies> =
    LazyLock::new(|| Policies::parse(tickmesh_proto::SERVICE_CONFIG).expect("a test reads the published table"));

/// How calls are tried, by path: the published gRPC service config.
#[derive(Debug)]
pub(super) struct Policies {
    methods: HashMap<String, Policy>,
    pub(super) throttling: Throttling,
}

/// How calls of one method are tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policy {
    /// The time that a call without a deadline has.
    pub(super) timeout: Option<Duration>,
    /// How it is tried again, if it may be.
    pub(super) retry: Option<Retry>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Retry {
    /// All attempts, the first included.
    pub(super) attempts: u32,
    pub(super) first_backoff: Duration,
    pub(super) longest_backoff: Duration,
}

/// gRPC's retry throttling.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Throttling {
    pub(super) max_tokens: f64,
    pub(super) token_ratio: f64,
}

impl Policies {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(json)?;
        let mut methods = HashMap::new();
        for config in file.method_config {
            let policy = Policy { timeout: config.timeout.map(|t| t.0), retry: config.retry_policy.map(Retry::from) };
            let paths = config.name.into_iter().map(|Name { service, method }| format!("/{service}/{method}"));
            methods.extend(paths.map(|path| (path, policy.clone())));
        }
        Ok(Self { methods, throttling: file.retry_throttling })
    }

    /// The policy of a path; none for one that the table does not have.
    pub(super) fn of(&self, path: &str) -> Policy {
        self.methods.get(path).cloned().unwrap_or_default()
    }
}

// The file's own shape, as https://github.com/grpc/grpc-proto/blob/master/grpc/service_config/service_config.proto has
// it.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    method_config: Vec<MethodConfig>,
    retry_throttling: Throttling,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodConfig {
    name: Vec<Name>,
    timeout: Option<ProtoDuration>,
    retry_policy: Option<RetryPolicy>,
}

#[derive(Deserialize)]
struct Name {
    service: String,
    method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: ProtoDuration,
    max_backoff: ProtoDuration,
}

impl From<RetryPolicy> for Retry {
    fn from(policy: RetryPolicy) -> Self {
        let RetryPolicy { max_attempts, initial_backoff, max_backoff } = policy;
        Self { attempts: max_attempts, first_backoff: initial_backoff.0, longest_backoff: max_backoff.0 }
    }
}

/// Seconds with an `s`, as proto3 JSON writes durations.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ProtoDuration(Duration);

impl TryFrom<String> for ProtoDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let seconds = text.strip_suffix('s').and_then(|digits| digits.parse().ok());
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.map(Self).ok_or_else(|| format!("{text:?} is no duration such as 1.5s"))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::method_options::IdempotencyLevel;
    use prost_types::{FileDescriptorSet, MethodDescriptorProto};

    use super::*;
    use crate::methods::Methods;

    /// Google's contract does not say that these only read.
    const GOOGLES_READS: [&str; 2] =
        ["/google.longrunning.Operations/GetOperation", "/google.longrunning.Operations/ListOperations"];

    /// Every method that the mesh declares, with its path.
    fn declared() -> Vec<(String, MethodDescriptorProto)> {
        let files = FileDescriptorSet::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap().file;
        let services = files.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
        let of = |(package, service): (&str, &prost_types::ServiceDescriptorProto)| {
            let path = format!("/{package}.{}", service.name());
            service.method.iter().map(move |method| (format!("{path}/{}", method.name()), method.clone())).collect()
        };
        services.flat_map(|service| -> Vec<_> { of(service) }).collect()
    }

    #[test]
    fn the_published_table_has_every_method_and_no_other() {
        let mut in_table: Vec<_> = PUBLISHED.methods.keys().cloned().collect();
        let mut in_contracts: Vec<_> = declared().into_iter().map(|(path, _)| path).collect();
        in_table.sort();
        in_contracts.sort();
        assert_eq!(in_table, in_contracts);
    }

    #[test]
    fn only_idempotent_unary_calls_are_tried_again_and_only_unary_calls_have_a_time() {
        let methods = Methods::of(&[tickmesh_proto::FILE_DESCRIPTOR_SET]).unwrap();
        for (path, method) in declared() {
            let level = method.options.unwrap_or_default().idempotency_level();
            let is_idempotent = level != IdempotencyLevel::IdempotencyUnknown || GOOGLES_READS.contains(&&*path);
            let is_unary = !methods.get(&path).unwrap().is_open_ended();
            let policy = PUBLISHED.of(&path);
            assert_eq!(policy.retry.is_some(), is_unary && is_idempotent, "{path}");
            assert_eq!(policy.timeout, is_unary.then_some(Duration::from_secs(5)), "{path}");
        }
        assert_eq!(PUBLISHED.throttling, Throttling { max_tokens: 10.0, token_ratio: 0.1 });
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for bad in ["5", "s", "-1s", "1 s", "infs"] {
            assert!(ProtoDuration::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
