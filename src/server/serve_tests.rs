//! Connections as clients misuse them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, WebSocketUpgrade};
use axum::routing::{get, post};
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Crowd, Stopped, serve};
use crate::error::Unread;
use crate::server::TrustedProxies;

const WHO: &str = "GET /who HTTP/1.1\r\nHost: films\r\n\r\n";

type Started = (
    SocketAddr,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<Stopped>,
);

async fn start() -> Started {
    start_for(Crowd::new(&TrustedProxies::default())).await
}

/// Says to each who it is; `/slow` takes an hour, `/told` reads what it is told, `/ws` listens.
async fn start_for(crowd: Crowd) -> Started {
    let who = async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.to_string();
    let slow = async || tokio::time::sleep(Duration::from_secs(3600)).await;
    let told = async |body: Body| match axum::body::to_bytes(body, 1 << 20).await {
        Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
        Err(error) => match Unread::of(&error) {
            Unread::TooSlow => (StatusCode::REQUEST_TIMEOUT, String::new()),
            _ => (StatusCode::BAD_REQUEST, String::new()),
        },
    };
    let listen = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| while socket.recv().await.is_some() {})
    };
    let router = Router::new()
        .route("/who", get(who))
        .route("/slow", get(slow))
        .route("/told", post(told))
        .route("/ws", get(listen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, router, crowd, async {
        let _ = stopped.await;
    }));
    (address, stop, served)
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn each_request_knows_its_address() {
    let (address, _stop, _served) = start().await;
    let request = "GET /who HTTP/1.1\r\nHost: films\r\nConnection: close\r\n\r\n";
    let stream = send(address, request).await;
    let own = stream.local_addr().unwrap().to_string();
    assert!(all(stream).await.ends_with(&own));
}

/// A head that never ends would hold its connection for ever.
#[tokio::test(start_paused = true)]
async fn half_a_request_is_not_waited_for() {
    let (address, _stop, _served) = start().await;
    let stream = send(address, "GET /who HTTP/1.1\r\nHost: fi").await;
    assert_eq!(all(stream).await, "");
}

/// Whoever opened thousands and said nothing would leave none for others.
#[tokio::test(start_paused = true)]
async fn silence_is_not_waited_for() {
    let (address, _stop, _served) = start().await;
    let begun = tokio::time::Instant::now();
    assert_eq!(all(send(address, "").await).await, "");
    assert!(begun.elapsed() < Duration::from_secs(80));
    // Between two requests too.
    let answered = all(send(address, WHO).await).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert!(begun.elapsed() < Duration::from_secs(160));
}

/// HTTP/2 has none of the bounds that stand here.
#[tokio::test(start_paused = true)]
async fn only_http_1_is_spoken() {
    let (address, _stop, _served) = start().await;
    let settings = "\0\0\0\u{4}\0\0\0\0\0";
    let preface = format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{settings}");
    let begun = tokio::time::Instant::now();
    let mut said = Vec::new();
    // What was not read makes it a reset.
    let _ = send(address, &preface).await.read_to_end(&mut said).await;
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 400"),
        "{said}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "it was waited for"
    );
}

fn told(length: usize) -> String {
    format!("POST /told HTTP/1.1\r\nHost: films\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (address, _stop, _served) = start().await;
    let begun = tokio::time::Instant::now();
    let answer = all(send(address, &(told(100) + "{")).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(70));
}

/// A byte now and then is no progress.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_not_waited_for() {
    let (address, _stop, _served) = start().await;
    let begun = tokio::time::Instant::now();
    let stream = send(address, &told(1000)).await;
    let (mut answers, mut drops) = stream.into_split();
    let drip = tokio::spawn(async move {
        while drops.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    });
    let mut answer = [0; 12];
    answers.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(begun.elapsed() < Duration::from_secs(90));
    drip.abort();
}

/// A slow line is one, and its progress counts.
#[tokio::test(start_paused = true)]
async fn a_body_may_take_as_long_as_a_slow_line_needs() {
    let (address, _stop, _served) = start().await;
    let mut stream = send(address, &told(600_000)).await;
    for _ in 0..6 {
        stream.write_all(&[b'x'; 100_000]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// Whether a connection is answered; one that is refused ends at once.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let _ = stream.write_all(WHO.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.is_ok()
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let (address, _stop, _served) = start_for(Crowd::of(2, 9, |_| false)).await;
    let connect = async || TcpStream::connect(address).await.unwrap();
    let (mut one, mut two) = (connect().await, connect().await);
    assert!(is_answered(&mut one).await && is_answered(&mut two).await);
    assert!(!is_answered(&mut connect().await).await, "a third");
    drop(two);
    let again = async || is_answered(&mut connect().await).await;
    eventually(again).await;
}

/// It is a connection of its own for as long as it is open.
#[tokio::test]
async fn a_websocket_counts() {
    let (address, _stop, _served) = start_for(Crowd::of(1, 9, |_| false)).await;
    let url = format!("ws://{address}/ws");
    let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let again = async || is_answered(&mut TcpStream::connect(address).await.unwrap()).await;
    assert!(!again().await);
    drop(socket);
    eventually(again).await;
}

async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still not so after 4 s");
}

#[tokio::test]
async fn a_head_is_bounded() {
    let (address, _stop, _served) = start().await;
    // It reads in pieces that are as large as the bound: a head of less than two of them may slip through.
    let long = "x".repeat(144 << 10);
    let request = format!("GET /who HTTP/1.1\r\nHost: films\r\nCookie: {long}\r\n\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may close before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test(start_paused = true)]
async fn what_runs_for_too_long_is_cut_off_at_the_end() {
    let (address, stop, served) = start().await;
    let _slow = send(address, "GET /slow HTTP/1.1\r\nHost: films\r\n\r\n").await;
    // It has to be there before the end comes.
    let request = "GET /who HTTP/1.1\r\nHost: films\r\nConnection: close\r\n\r\n";
    all(send(address, request).await).await;
    stop.send(()).unwrap();
    assert_eq!(served.await.unwrap(), Stopped::CutOff);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let (address, stop, served) = start().await;
    let _idle = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(served.await.unwrap(), Stopped::Drained);
}
