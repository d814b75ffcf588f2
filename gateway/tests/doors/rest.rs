//! REST: unary calls.

use http::{Method, Request};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{get, post, send, with_verb};
use crate::harness::{Mesh, soon};

#[tokio::test]
async fn a_path_and_its_legacy_form_give_the_same() {
    let mesh = Mesh::start().await;
    for path in ["/v1/market/AAPL/snapshot", "/market/realtime/AAPL"] {
        let answer = get(&mesh, path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json(), json!({"symbol": "AAPL", "lastPrice": 101.5}));
    }
}

#[tokio::test]
async fn query_parameters_are_bound() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/AAPL/bars?page_size=2&timeFrame=15M").await;
    let bar = json!({"symbol": "AAPL", "timeFrame": "TIME_FRAME_15M", "volume": 1_000_000.0});
    assert_eq!(answer.json(), json!({"bars": [bar, bar]}));
}

#[tokio::test]
async fn a_body_is_json_whatever_its_content_type() {
    let mesh = Mesh::start().await;
    for path in ["/predict", "/v1/forecasts:predict"] {
        let answer = post(&mesh, path, r#"{"symbol":"AAPL"}"#).await;
        assert_eq!(answer.json(), json!({"symbol": "AAPL", "expectedReturn": 0.001}));
    }
}

#[tokio::test]
async fn an_unknown_symbol_is_404_and_says_which_are_known() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/ZZZZ/snapshot").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["code"], 5);
    let info = answer.detail("ErrorInfo");
    assert_eq!((&info["reason"], &info["metadata"]["known_symbols"]), (&json!("SYMBOL_UNKNOWN"), &json!("AAPL")));
    assert_eq!(answer.detail("ResourceInfo")["resourceName"], "ZZZZ");
}

#[tokio::test]
async fn a_bad_body_is_400_and_names_every_field() {
    let mesh = Mesh::start().await;
    let answer = post(&mesh, "/predict", r#"{"simbol":"AAPL","asOf":"soon","explain":"yes"}"#).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.violations(), ["as_of", "explain", "simbol", "symbol"]);
    assert_eq!(answer.detail("ErrorInfo")["domain"], "tickmesh");
    for body in ["", "{}"] {
        let answer = post(&mesh, "/predict", body).await;
        assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["symbol".to_owned()]), "{body}");
    }
}

#[tokio::test]
async fn of_a_body_that_could_not_be_read_nothing_else_is_said() {
    let mesh = Mesh::start().await;
    for body in ["[]", "{", "symbol=AAPL", r#"{"symbol":"AAPL",}"#] {
        let answer = post(&mesh, "/predict", body).await;
        assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["body".to_owned()]), "{body}");
    }
}

#[tokio::test]
async fn a_call_that_computes_is_never_made_from_part_of_a_request() {
    let mesh = Mesh::start().await;
    let answer = post(&mesh, "/predict/portfolio", r#"{"holdings":[{"symbol":"AAPL","weight":1}],"cash":1}"#).await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["cash".to_owned()]));
    let answer = post(&mesh, "/predict/portfolio", r#"{"cash":1}"#).await;
    assert_eq!(answer.violations(), ["cash", "holdings"], "what must be given is known without asking");
    assert_eq!(mesh.model.computed(), 0);
}

#[tokio::test]
async fn rules_of_the_service_name_every_field_too() {
    let mesh = Mesh::start().await;
    let answer = post(&mesh, "/predict", r#"{"modelVersion":"bad"}"#).await;
    assert_eq!(
        (answer.status.as_u16(), answer.violations()),
        (400, vec!["model_version".to_owned(), "symbol".to_owned()])
    );
}

#[tokio::test]
async fn a_field_called_body_is_a_field_as_any_other() {
    let mesh = Mesh::start().await;
    let answer = post(&mesh, "/predict", r#"{"body":1}"#).await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["body".to_owned(), "symbol".to_owned()]));
}

#[tokio::test]
async fn what_the_types_refuse_and_what_the_service_refuses_is_one_list() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/AAPL/bars?time_frame=hour&page_size=-1&page_token=x&limit=5").await;
    let fields = ["limit", "page_size", "page_token", "time_frame"].map(str::to_owned).to_vec();
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, fields));
    let rules = answer.detail("BadRequest")["fieldViolations"].to_string();
    assert!(
        rules.contains("must be one of TIME_FRAME"),
        "the service's word on what it did not get is left out: {rules}"
    );
    let answer = post(&mesh, "/predict", r#"{"symbol":"AAPL","modelVersion":"bad","foo":1}"#).await;
    assert_eq!(
        (answer.status.as_u16(), answer.violations()),
        (400, vec!["foo".to_owned(), "model_version".to_owned()])
    );
}

#[tokio::test]
async fn a_call_with_side_effects_is_never_made_from_part_of_a_request() {
    let mesh = Mesh::start().await;
    let answer = post(&mesh, "/v1/operations/model/7:cancel", r#"{"force":true}"#).await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["force".to_owned()]));
    assert_eq!(mesh.model.cancelled(), 0);
    assert_eq!(post(&mesh, "/v1/operations/model/7:cancel", "{}").await.status, 200);
    assert_eq!(mesh.model.cancelled(), 1);
}

#[tokio::test]
async fn json_on_a_path_of_grpc_is_told_where_to_go() {
    let mesh = Mesh::start().await;
    let request = || Request::post("/").header("content-type", "application/json");
    let answer = send(&mesh, request(), "/tickmesh.model.v1.ForecastService/Predict", b"{}").await;
    assert_eq!((answer.status.as_u16(), &answer.detail("ErrorInfo")["reason"]), (415, &json!("NOT_GRPC")));
    assert!(answer.json()["message"].as_str().unwrap().contains("POST /v1/forecasts:predict"), "{}", answer.json());
    let answer = send(&mesh, request(), "/tickmesh.market.v1.IngestService/ImportBars", b"{}").await;
    assert!(answer.json()["message"].as_str().unwrap().contains("its client streams"), "{}", answer.json());
    let answer = send(&mesh, request(), "/tickmesh.model.v1.ForecastService/Nothing", b"{}").await;
    assert_eq!((answer.status.as_u16(), &answer.detail("ErrorInfo")["reason"]), (415, &json!("METHOD_UNKNOWN")));
}

#[tokio::test]
async fn unknown_parameters_are_400_by_name() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/AAPL/bars?limit=5&page_size=x&frame=1D").await;
    assert_eq!(
        (answer.status.as_u16(), answer.violations()),
        (400, ["frame", "limit", "page_size", "time_frame"].map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn numbers_that_are_not_finite_go_neither_in_nor_out() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/portfolio/optimize?target=NaN").await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["target".to_owned()]));
    let answer = get(&mesh, "/market/realtime/NAN").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.detail("ErrorInfo")["reason"], "RESPONSE_NOT_FINITE");
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_verb_405() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/nothing").await;
    assert_eq!((answer.status.as_u16(), &answer.detail("ErrorInfo")["reason"]), (404, &json!("PATH_UNKNOWN")));
    let answer = with_verb(&mesh, Method::GET, "/predict").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert_eq!(answer.detail("ErrorInfo")["reason"], "VERB_UNKNOWN");
    let answer = with_verb(&mesh, Method::HEAD, "/market/realtime/AAPL").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn a_request_has_a_largest_size() {
    let mesh = Mesh::start().await;
    let body = format!("{{\"symbol\":\"{}\"}}", "A".repeat(tickmesh_mesh::serve::MAX_REQUEST_BYTES));
    let answer = post(&mesh, "/predict", &body).await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["body".to_owned()]));
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_504() {
    let mesh = Mesh::start().await;
    let request = || Request::get("/");
    let answer = send(&mesh, request().header("x-request-timeout", "0.05"), "/market/realtime/HANG", b"").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (504, &json!(4)));
    let answer = send(&mesh, request().header("x-request-timeout", "soon"), "/market/realtime/AAPL", b"").await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["x-request-timeout".to_owned()]));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_waited_for_no_longer_than_the_call() {
    let mesh = Mesh::start().await;
    let mut connection = TcpStream::connect(mesh.gateway).await.unwrap();
    let head = "POST /predict HTTP/1.1\r\nhost: x\r\nx-request-timeout: 0.1\r\ncontent-length: 10\r\n\r\n{";
    let head = head.replace("host: x", &format!("host: {}", mesh.gateway));
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(connection.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 504") && answer.contains("\"DEADLINE_EXCEEDED\""), "{answer}");
}

#[tokio::test]
async fn operations_are_read_listed_and_waited_for() {
    let mesh = Mesh::start().await;
    assert_eq!(get(&mesh, "/v1/operations/model/7").await.json(), json!({"name": "operations/model/7"}));
    assert_eq!(get(&mesh, "/v1/operations/model").await.json()["operations"][0]["name"], "operations/model/7");
    let answer = post(&mesh, "/v1/operations/model/7:wait", r#"{"timeout":"1s"}"#).await;
    assert_eq!(answer.json(), json!({"name": "operations/model/7", "done": true}));
    assert_eq!(with_verb(&mesh, Method::DELETE, "/v1/operations/model/7").await.json(), json!({}));
    let answer = get(&mesh, "/v1/operations").await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (400, vec!["name".to_owned()]));
    for path in ["/v1/operations/portfolio", "/v1/operations/portfolio/7"] {
        let answer = get(&mesh, path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.detail("ErrorInfo")["metadata"]["known"]),
            (404, &json!("operations/model"))
        );
    }
}

#[tokio::test]
async fn a_response_has_a_largest_size() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/AAPL/bars?page_size=1000000&time_frame=1D").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (429, &json!(8)));
    assert_eq!(answer.detail("ErrorInfo")["reason"], "RESPONSE_TOO_LARGE");
}
