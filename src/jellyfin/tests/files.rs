//! The connections that files come by: redirects, certificates, proxies, and how they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Method};
use hyper_util::client::proxy::matcher::Matcher;
use serde_json::json;

use super::fake::{Fake, answer, limits, register, register_trusting};
use super::trust;
use crate::jellyfin::files::Files;
use crate::jellyfin::tls::client_config;
use crate::jellyfin::{Made, Response, Server, TlsProblem, TlsTrust, UpstreamError};

async fn open(server: &Server, path: &str) -> Result<Response, UpstreamError> {
    let headers = HeaderMap::new();
    let made = Made::LiesThere;
    server
        .open(None, made, Method::GET, path, &[], headers)
        .await
}

async fn text(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).unwrap()
}

fn moved(to: &str) -> axum::response::Response {
    axum::response::Response::builder()
        .status(302)
        .header("location", to)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn redirects_are_followed_at_home_and_never_elsewhere() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let other = Fake::start(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { answer(200, &json!("not for us")) }
    })
    .await;
    let there = format!("{}/film", other.url());
    let home = Fake::start(move |request| {
        let there = there.clone();
        async move {
            assert_eq!(request.headers()["range"], "bytes=1-");
            match request.uri().path() {
                "/at-home" => moved("/film?a=b"),
                "/elsewhere" => moved(&there),
                "/round" => moved("/round"),
                _ => axum::response::Response::new(Body::from("film")),
            }
        }
    })
    .await;
    let (_registry, server) = register(&home.url(), limits());
    let open = async |path: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("range", "bytes=1-".parse().unwrap());
        let made = Made::LiesThere;
        let opened = server.open(None, made, Method::GET, path, &[], headers);
        opened.await.unwrap()
    };
    assert_eq!(text(open("/at-home").await).await, "film");
    assert_eq!(open("/elsewhere").await.status(), 302);
    assert_eq!(open("/round").await.status(), 302);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_file_comes_from_a_trusted_server_alone() {
    let url = trust::serve().await;
    let server = |trust: TlsTrust| register_trusting(url.as_str(), limits(), trust);
    let (_registry, pinned) = server(TlsTrust::fingerprint(&trust::fingerprint()).unwrap());
    let told = text(open(&pinned, "/film").await.unwrap()).await;
    assert!(told.contains("Jellyfin Server"));
    let (_registry, strange) = server(TlsTrust::System);
    assert_eq!(
        open(&strange, "/film").await.unwrap_err(),
        UpstreamError::Tls {
            problem: TlsProblem::UnknownIssuer,
            fingerprint: Some(trust::fingerprint()),
        }
    );
}

#[tokio::test]
async fn it_is_told_why_there_is_no_connection() {
    for (url, reason) in [
        ("http://127.0.0.1:1", "connection refused"),
        ("http://no-such-host.invalid", "its name is not known"),
    ] {
        let (_registry, server) = register(url, limits());
        let error = open(&server, "/film").await.unwrap_err();
        assert_eq!(error, UpstreamError::unreachable(reason));
    }
}

#[test]
fn what_lies_behind_a_proxy_is_left_to_reqwest() {
    let base = "http://films.example.org/jellyfin".parse().unwrap();
    let files = |proxies: &Matcher| {
        let (tls, _) = client_config(&TlsTrust::System).unwrap();
        Files::new(&base, tls, Duration::from_secs(1), proxies)
    };
    assert!(files(&Matcher::builder().build()).is_some());
    let proxies = Matcher::builder().all("http://127.0.0.1:3128").build();
    assert!(files(&proxies).is_none());
    let not_there = Matcher::builder()
        .all("http://127.0.0.1:3128")
        .no("example.org")
        .build();
    assert!(files(&not_there).is_some());
}
