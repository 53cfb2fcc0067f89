//! The connections that files come by: redirects, certificates, proxies, and how they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Method};
use hyper_util::client::proxy::matcher::Matcher;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

async fn bytes(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

async fn text(response: Response) -> String {
    String::from_utf8(bytes(response).await).unwrap()
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

fn film() -> Vec<u8> {
    (0..300_000).map(|at| (at % 251) as u8).collect()
}

/// Its socket is there to be taken from, whatever came of the body with its head.
#[tokio::test]
async fn a_file_may_come_by_a_connection_of_its_own() {
    let home = Fake::start(|request| async move {
        assert_eq!(request.headers()["range"], "bytes=0-");
        assert_eq!(request.headers()["connection"], "close");
        let host = request.headers()["host"].to_str().unwrap();
        assert!(host.starts_with("127.0.0.1:"), "{host}");
        let film = Body::from(film());
        let answer = axum::response::Response::builder();
        match request.uri().path() {
            "/moved" => moved("/film?a=b"),
            "/film" if request.uri().query() == Some("a=b") => answer
                .status(206)
                .header("content-range", "bytes 0-299999/300000")
                .body(film)
                .unwrap(),
            "/streamed" => answer
                .body(Body::from_stream(film.into_data_stream()))
                .unwrap(),
            "/refused" => answer.status(416).body(film).unwrap(),
            "/empty" => answer.body(Body::empty()).unwrap(),
            _ => moved("/moved"),
        }
    })
    .await;
    let (_registry, server) = register(&home.url(), limits());
    let open = async |path: &str, made: Made| {
        let mut headers = HeaderMap::new();
        headers.insert("range", "bytes=0-".parse().unwrap());
        let opened = server.open(None, made, Method::GET, path, &[], headers);
        opened.await.unwrap()
    };
    let moved = open("/moved", Made::Apart).await;
    assert!(moved.is_apart() && moved.status() == 206);
    assert_eq!(moved.content_length(), Some(300_000));
    assert!(bytes(moved).await == film());
    let empty = open("/empty", Made::Apart).await;
    assert!(empty.is_apart() && bytes(empty).await.is_empty());
    // Without a length nobody knows where it ends, and what a refusal says is not passed on.
    for path in ["/streamed", "/refused"] {
        let read = open(path, Made::Apart).await;
        assert!(!read.is_apart(), "{path}");
        assert!(bytes(read).await == film(), "{path}");
    }
}

#[tokio::test]
async fn a_connection_of_its_own_tells_why_it_failed() {
    let (_registry, server) = register("http://127.0.0.1:1", limits());
    let headers = HeaderMap::new();
    let opened = server.open(None, Made::Apart, Method::GET, "/film", &[], headers);
    assert_eq!(
        opened.await.unwrap_err(),
        UpstreamError::unreachable("connection refused")
    );
    let rude = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = rude.local_addr().unwrap();
    tokio::spawn(async move {
        let mut head = [0; 1000];
        loop {
            let (mut client, _) = rude.accept().await.unwrap();
            let read = client.read(&mut head).await.unwrap();
            let half = head[..read].starts_with(b"GET /half");
            let answer = match half {
                true => &b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"[..],
                false => b"HTTP/1.1 20",
            };
            client.write_all(answer).await.unwrap();
        }
    });
    let (_registry, server) = register(&format!("http://{address}"), limits());
    let open = async |path: &str| {
        let opened = server.open(None, Made::Apart, Method::GET, path, &[], HeaderMap::new());
        opened.await
    };
    assert_eq!(
        open("/none").await.unwrap_err(),
        UpstreamError::unreachable("the connection broke")
    );
    let mut half = open("/half").await.unwrap();
    assert_eq!(half.chunk().await.unwrap().unwrap(), "half of it");
    half.chunk()
        .await
        .expect_err("a part is not taken for the whole");
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
