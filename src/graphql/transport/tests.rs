use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::graphql::limits::Limits;

fn app() -> Router {
    router(TransportState {
        engine: Engine::bare(Limits::default()),
        public_url: None,
        closing: tokio_util::sync::CancellationToken::new(),
    })
}

async fn send(request: Request<Body>) -> Response {
    app().oneshot(request).await.unwrap()
}

async fn json_post(body: &Value, accept: &str) -> (StatusCode, Value) {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    read(send(request).await).await
}

async fn get(query: &str) -> (StatusCode, Value) {
    let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let request = Request::get(format!("/graphql?query={encoded}"))
        .body(Body::empty())
        .unwrap();
    read(send(request).await).await
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";

#[tokio::test]
async fn a_query_is_answered_by_post_and_by_get() {
    let body = json!({"query": "{ __typename }"});
    let wanted = json!({"data": {"__typename": "Query"}});
    assert_eq!(
        json_post(&body, NEW).await,
        (StatusCode::OK, wanted.clone())
    );
    assert_eq!(
        json_post(&body, OLD).await,
        (StatusCode::OK, wanted.clone())
    );
    assert_eq!(get("{ __typename }").await, (StatusCode::OK, wanted));
}

#[tokio::test]
async fn the_answer_has_the_type_that_was_asked_for() {
    for (accept, wanted) in [(NEW, NEW), (OLD, OLD), ("*/*", OLD)] {
        let request = Request::get("/graphql?query=%7B__typename%7D")
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .unwrap();
        let response = send(request).await;
        let told = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(told, format!("{wanted}; charset=utf-8"));
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }
    let (status, _) = json_post(&json!({"query": "{ __typename }"}), "text/html").await;
    assert_eq!(status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn request_errors_are_400_for_those_who_read_statuses_and_have_no_data() {
    for query in [
        "{",
        "{ nothing }",
        "query a { __typename } query b { __typename }",
    ] {
        let body = json!({ "query": query });
        let (status, answer) = json_post(&body, NEW).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(
            answer.get("data").is_none() && answer["errors"][0]["extensions"]["code"].is_string()
        );
        let (status, answer) = json_post(&body, OLD).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert!(answer.get("data").is_none());
    }
}

#[tokio::test]
async fn parameters_of_the_wrong_kind_are_400() {
    for body in [
        json!({}),
        json!({"query": 1}),
        json!({"query": ["{ __typename }"]}),
        json!({"query": "{ __typename }", "variables": "{}"}),
        json!({"query": "{ __typename }", "operationName": {}}),
        json!({"query": "{ __typename }", "extensions": []}),
        json!("{ __typename }"),
        json!([]),
    ] {
        let (status, answer) = json_post(&body, OLD).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {answer}");
    }
    let (status, _) = json_post(
        &json!({"query": "{ __typename }", "variables": null, "operationName": null, "extensions": null}),
        OLD,
    )
    .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn mutations_go_by_json_post_only() {
    let mutation = "mutation { signOut }";
    let (status, answer) = get(mutation).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{answer}");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "",
    ] {
        let mut request = Request::post("/graphql");
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let body = json!({ "query": mutation }).to_string();
        let response = send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            response.status(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_told_what_is_allowed() {
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = Request::builder()
            .method(method)
            .uri("/graphql")
            .body(Body::empty())
            .unwrap();
        let response = send(request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::ALLOW], "GET, POST");
        assert!(
            !response
                .headers()
                .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        );
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    for path in [
        "/graphql?query=%7B__typename%7D",
        "/graphql/stream?query=%7B__typename%7D",
        "/graphql/ws",
    ] {
        let request = Request::get(path)
            .header(header::ORIGIN, "https://evil.example")
            .header(header::HOST, "127.0.0.1:8096")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            send(request).await.status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

#[tokio::test]
async fn large_bodies_and_batches_are_refused() {
    let long = json!({"query": format!("{{ __typename }} #{}", "x".repeat(2 << 20))});
    assert_eq!(json_post(&long, OLD).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let one = json!({"query": "{ __typename }"});
    let batch = |length| Value::Array(vec![one.clone(); length]);
    let (status, answer) = json_post(&batch(10), OLD).await;
    assert_eq!(
        (status, answer.as_array().map(Vec::len)),
        (StatusCode::OK, Some(10))
    );
    assert_eq!(json_post(&batch(11), OLD).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn limits_hold_and_nothing_is_echoed() {
    let secret = "x".repeat(2_000);
    for query in [
        format!("{{ {} }}", "__typename ".repeat(5_000)),
        format!("{{ a{secret} "),
        format!("{{ a{secret} }}"),
    ] {
        let (status, answer) = json_post(&json!({ "query": query }), NEW).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer.to_string().len() < 1_000, "{answer}");
    }
}

#[tokio::test]
async fn introspection_is_open() {
    let query = include_str!("introspection.graphql");
    let (status, answer) = json_post(&json!({ "query": query }), NEW).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        answer["data"]["__schema"]["queryType"]["name"], "Query",
        "{answer}"
    );
}

#[tokio::test]
async fn a_field_that_needs_a_viewer_says_so() {
    let (status, answer) = json_post(&json!({"query": "{ viewer { id } }"}), NEW).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_stream_answers_events() {
    let request = Request::post("/graphql/stream")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(Body::from(json!({"query": "{ __typename }"}).to_string()))
        .unwrap();
    let response = send(request).await;
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    assert!(
        text.starts_with("event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\n"),
        "{text}"
    );
    assert!(text.contains("event: complete"), "{text}");
}
