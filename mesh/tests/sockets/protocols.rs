//! One port, every protocol; foreign pages stay out.

use crate::harness::{Port, exchange, optimize};
use tickmesh_mesh::serve::Settings;

#[tokio::test]
async fn http1_and_http2_share_a_port() {
    let port = Port::start(Settings::default());
    let livez = exchange(port.addr, "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(livez.starts_with("HTTP/1.1 200 OK") && livez.ends_with("ok\n"), "{livez}");
    let allocation = port.client().optimize(optimize("AAPL")).await.unwrap();
    assert_eq!(allocation.get_ref().clashing_constraints.len(), 3);
}

#[tokio::test]
async fn metrics_count_calls_by_method_and_code() {
    let port = Port::start(Settings::default());
    port.client().optimize(optimize("UNKNOWN")).await.unwrap_err();
    let page = exchange(port.addr, "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    let counted = |line: &&str| {
        line.starts_with("grpc_server_handled_total{")
            && ["OptimizerService\"", "method=\"Optimize\"", "type=\"unary\"", "code=\"NOT_FOUND\""]
                .iter()
                .all(|label| line.contains(label))
    };
    assert!(page.lines().any(|line| counted(&line)), "{page}");
    let bucket = "grpc_server_handling_seconds_bucket{";
    assert!(page.lines().any(|line| line.starts_with(bucket) && line.contains("le=\"0.005\"")), "{page}");
}

#[tokio::test]
async fn a_made_up_method_is_no_label() {
    let port = Port::start(Settings::default());
    let request = "POST /made.up.Service/Nothing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/grpc\r\n\
                   content-length: 0\r\nconnection: close\r\n\r\n";
    let answer = exchange(port.addr, request).await;
    assert!(answer.contains("grpc-status: 12"), "{answer}");
    let page = exchange(port.addr, "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(page.contains("grpc_method=\"_OTHER\"") && !page.contains("made.up"), "{page}");
}

#[tokio::test]
async fn a_foreign_page_or_name_is_refused_before_routing() {
    let port = Port::start(Settings::default());
    let foreign = "GET /livez HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n";
    let answer = exchange(port.addr, foreign).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("\"reason\":\"ORIGIN_REFUSED\""), "{answer}");
    assert!(answer.contains("\"request_id\":") && !answer.contains("access-control-allow-origin"), "{answer}");
    let rebound = "GET /livez HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert!(exchange(port.addr, rebound).await.contains("HOST_REFUSED"));
    let web = "POST /tickmesh.portfolio.v1.OptimizerService/Optimize HTTP/1.1\r\nhost: localhost\r\n\
               origin: https://evil.example\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: 0\r\n\
               connection: close\r\n\r\n";
    let answer = exchange(port.addr, web).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("grpc-status: 7"), "{answer}");
}

#[tokio::test]
async fn a_page_of_this_machine_may_ask_and_read() {
    let port = Port::start(Settings::default());
    let preflight = "OPTIONS /predict HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost:5173\r\n\
                     access-control-request-method: POST\r\naccess-control-request-headers: content-type,x-grpc-web\r\n\
                     connection: close\r\n\r\n";
    let answer = exchange(port.addr, preflight).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: http://localhost:5173"), "{answer}");
    assert!(answer.contains("access-control-allow-headers: content-type,x-grpc-web"), "{answer}");
    let read = "GET /nothing HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost:5173\r\nconnection: close\r\n\r\n";
    let answer = exchange(port.addr, read).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("grpc-status-details-bin"), "{answer}");
}
