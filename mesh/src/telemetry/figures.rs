use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The process's metrics: one recorder, because the `metrics` crate has one.
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Upper bounds of histograms of seconds, from half a millisecond to a minute.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Upper bounds of all other histograms: sizes and counts.
const COUNTS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0];

/// Sets the process's recorder up; again does nothing, and so does a process that has another recorder.
pub(super) fn install() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&COUNTS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS))
            .expect("the buckets are not empty")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        describe();
        handle
    });
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("grpc_server_handled_total", "gRPC calls that ended, by code; streams at their end");
    describe_histogram!("grpc_server_handling_seconds", Unit::Seconds, "Time from a gRPC call's head to its last byte");
    describe_counter!("tickmesh_http_handled_total", "HTTP requests that ended, by status");
    describe_histogram!("tickmesh_http_handling_seconds", Unit::Seconds, "Time from a request's head to its last byte");
    describe_counter!("tickmesh_retries_total", "Calls to another part that were tried again");
    describe_gauge!("tickmesh_connections", "Open connections");
    describe_counter!("tickmesh_connections_refused_total", "Connections closed because all places were taken");
}

/// All metrics in Prometheus' text format; empty before [`install`].
pub(crate) fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Must run every few seconds: samples pile up between runs.
pub(crate) fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}
