//! Stopping: what has no end ends at once, what plays comes to its end.

use std::time::Duration;

use futures::StreamExt;
use manyfin::server::Stopped;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::gateway::{Client, Gateway, film, sources};

async fn soon<T>(what: &str, done: impl Future<Output = T>) -> T {
    let bounded = tokio::time::timeout(Duration::from_secs(60), done);
    bounded
        .await
        .unwrap_or_else(|_| panic!("still not: {what}"))
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn socket(client: &Client, path: &str, protocol: Option<&str>) -> Socket {
    let url = format!("{}{path}", client.url.replace("http", "ws"));
    let mut request = url.into_client_request().expect("an address");
    let authorization = client.authorization.parse().expect("a header");
    request.headers_mut().insert("Authorization", authorization);
    if let Some(protocol) = protocol {
        let protocol = protocol.parse().expect("a header");
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocol);
    }
    let opened = tokio_tungstenite::connect_async(request).await;
    opened.expect("it opens").0
}

/// The code that it is closed with.
async fn closed(mut socket: Socket) -> Option<u16> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(Error::ConnectionClosed)) | None => return None,
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_end_at_once_and_films_play_on() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let mut ann = gateway.sign_in("ann").await;
    let (name, _) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    ann.url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = gateway.app.serve(listener, async move {
        let _ = stopped.await;
    });
    let clients = async {
        let film = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
        let mut film = ann
            .request(Method::GET, &film)
            .send()
            .await
            .expect("an answer");
        let length = film.content_length().expect("a length");
        let mut read = film.chunk().await.expect("bytes").expect("some").len() as u64;
        let events = ann
            .request(Method::POST, "/graphql/stream")
            .header("Accept", "text/event-stream")
            .json(&json!({ "query": "subscription { serverHealth { name } }" }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(events.status(), 200);
        let jellyfin = socket(&ann, "/socket", None).await;
        let graphql = socket(&ann, "/graphql/ws", Some("graphql-transport-ws")).await;

        stop.send(()).expect("it listens");
        // While the film is still being read:
        let told = soon("the subscription ends", events.text()).await;
        let told = told.expect("it ends as it should");
        assert!(!told.contains("complete"), "it goes on elsewhere: {told}");
        assert_eq!(
            soon("the socket closes", closed(jellyfin)).await,
            Some(1001)
        );
        assert_eq!(soon("the socket closes", closed(graphql)).await, Some(1001));
        while let Some(bytes) = film.chunk().await.expect("the film goes on") {
            read += bytes.len() as u64;
        }
        assert_eq!(read, length);
    };
    let (ended, ()) = tokio::join!(served, clients);
    assert_eq!(ended, Stopped::Drained);
    let again = ann.request(Method::GET, "/health/live").send().await;
    assert!(again.is_err(), "nothing listens any longer");
}
