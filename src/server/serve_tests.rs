//! Connections as clients misuse them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Stopped, serve};

/// Says to each who it is; `/slow` takes an hour.
async fn start() -> (
    SocketAddr,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<Stopped>,
) {
    let who = async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.to_string();
    let slow = async || tokio::time::sleep(Duration::from_secs(3600)).await;
    let router = Router::new()
        .route("/who", get(who))
        .route("/slow", get(slow));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, router, async {
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

#[tokio::test]
async fn a_head_is_bounded() {
    let (address, _stop, _served) = start().await;
    let long = "x".repeat(80 << 10);
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
