//! Apps find the gateway by asking by UDP.

use std::net::SocketAddr;
use std::time::Duration;

use manyfin::server::discovery::{self, Announcement};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

fn told(public_url: Option<&str>) -> Announcement {
    Announcement {
        id: "16f749e2286649439320b00b0eb9e59a".to_owned(),
        name: "Manyfin".to_owned(),
        public_url: public_url.map(str::to_owned),
        bind: "0.0.0.0:8096".parse().expect("an address"),
    }
}

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

async fn ask(at: SocketAddr, question: &str) -> Option<Value> {
    let socket = UdpSocket::bind(any()).await.expect("a port is free");
    let sent = socket.send_to(question.as_bytes(), at).await;
    sent.expect("it is sent");
    let mut answer = [0; 2048];
    let received = tokio::time::timeout(Duration::from_secs(2), socket.recv(&mut answer)).await;
    let length = received.ok()?.expect("an answer");
    Some(serde_json::from_slice(&answer[..length]).expect("JSON"))
}

#[tokio::test]
async fn who_asks_is_told_where_the_server_is() {
    let (at, _) = discovery::start(any(), told(None)).await.expect("a port");
    let answer = ask(at, "who is JellyfinServer?").await;
    assert_eq!(
        answer.expect("an answer"),
        json!({
            "Address": "http://127.0.0.1:8096",
            "Id": "16f749e2286649439320b00b0eb9e59a",
            "Name": "Manyfin",
            "EndpointAddress": null,
        })
    );
    assert!(ask(at, "Who is JELLYFINSERVER?\n").await.is_some());
    assert_eq!(ask(at, "who is EmbyServer?").await, None);
}

#[tokio::test]
async fn a_public_address_is_what_is_told() {
    let told = told(Some("https://films.example.org/all"));
    let (at, _) = discovery::start(any(), told).await.expect("a port");
    let answer = ask(at, "who is JellyfinServer?").await.expect("an answer");
    assert_eq!(answer["Address"], "https://films.example.org/all");
}

#[tokio::test]
async fn a_gateway_at_one_address_tells_that_one() {
    let told = Announcement {
        bind: "192.0.2.7:80".parse().expect("an address"),
        ..told(None)
    };
    let (at, _) = discovery::start(any(), told).await.expect("a port");
    let answer = ask(at, "who is JellyfinServer?").await.expect("an answer");
    assert_eq!(answer["Address"], "http://192.0.2.7:80");
}

#[tokio::test]
async fn a_port_that_is_taken_hinders_nothing() {
    let (at, _) = discovery::start(any(), told(None)).await.expect("a port");
    assert!(discovery::start(at, told(None)).await.is_none());
}

#[test]
fn what_only_this_machine_reaches_is_told_to_nobody_else() {
    let at = |bind: &str| discovery::listen_at(bind.parse().expect("an address")).to_string();
    assert_eq!(at("127.0.0.1:8096"), "127.0.0.1:7359");
    assert_eq!(at("0.0.0.0:8096"), "0.0.0.0:7359");
    assert_eq!(at("192.168.1.20:80"), "0.0.0.0:7359");
}
