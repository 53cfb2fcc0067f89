//! Documents that are small and cost everything: refused before anything walks them, by whichever way
//! they come in.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::Door;

/// Walked without memory, the smallest of these takes ten seconds in a release build, an answer some
/// milliseconds (`benches/load/run.py` measures them).
const AT_ONCE: Duration = Duration::from_secs(1);
/// The quickest counts: any other may have waited for the machine.
const TRIES: usize = 10;

/// 26 fragments on this type, each of which spreads the next one twice, and this behind them.
fn chain(start: &str, on: &str, end: &str) -> String {
    let mut query = start.to_owned();
    for at in 0..26 {
        let _ = write!(query, "fragment f{at} on {on}{{...f{0} ...f{0}}}", at + 1);
    }
    query + end
}

fn bombs() -> Vec<String> {
    let through = |end: &str| chain("{...f0}", "Query", end);
    let inline = "... on Query{... {...f26 ...f26}}";
    vec![
        through("fragment f26 on Query{__typename}"),
        through(""),
        through("fragment f26 on Query{...nowhere}"),
        through("fragment f26 on Query{... on Query{...nowhere}}"),
        through("fragment f26 on Query{...nowhere @include(if: false)}"),
        through("fragment f26 on Query{__typename @skip(if: true)}"),
        through("").replace("...f26 ...f26", inline),
        chain("{__schema{...f0}}", "__Schema", ""),
        chain("{__typename}", "Query", ""),
        chain("query a{__typename} query b{...f0}", "Query", ""),
        chain("subscription{...f0}", "Subscription", ""),
        chain("mutation{...f0}", "Mutation", ""),
    ]
}

/// How long the quickest of several takes; every answer must refuse.
async fn quickest(what: &str, ask: impl AsyncFn() -> Value) {
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let started = Instant::now();
        let answer = ask().await;
        best = best.min(started.elapsed());
        assert!(answer.to_string().contains("TOO_COMPLEX"), "{answer}");
        if best < AT_ONCE {
            return;
        }
    }
    panic!("{best:?} for {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_fragments_is_refused_at_once_by_every_way_in() {
    let door = Door::new(0).await;
    for query in bombs() {
        quickest(&query, async || {
            door.graphql(&json!({ "query": query })).await.1
        })
        .await;
        quickest(&query, async || {
            let asked = url::form_urlencoded::byte_serialize(query.as_bytes());
            let path = format!("/graphql?query={}", asked.collect::<String>());
            let answer = door.request(Method::GET, &path).send().await;
            answer.expect("an answer").json().await.expect("JSON")
        })
        .await;
        quickest(&query, async || {
            let batch = vec![json!({ "query": query, "operationName": "b" }); 10];
            door.graphql(&json!(batch)).await.1
        })
        .await;
        quickest(&query, async || {
            let post = door.request(Method::POST, "/graphql/stream");
            let post = post.header("Accept", "text/event-stream");
            let answer = post.json(&json!({ "query": query })).send().await;
            answer.expect("an answer").json().await.expect("JSON")
        })
        .await;
        quickest(&query, async || by_socket(&door, &query).await).await;
    }
}

/// What `/graphql/ws` says to this as a subscription.
async fn by_socket(door: &Door, query: &str) -> Value {
    let url = format!("{}/graphql/ws", door.app.url.replace("http", "ws"));
    let mut request = url.into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request)
        .await
        .expect("it opens");
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    for message in [json!({ "type": "connection_init" }), subscribe] {
        let sent = socket.send(Message::text(message.to_string())).await;
        sent.expect("it is sent");
    }
    loop {
        let message = socket.next().await.expect("more").expect("a message");
        let told: Value = serde_json::from_str(message.to_text().expect("text")).expect("JSON");
        if told["type"] != "connection_ack" {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_in_a_circle_are_refused() {
    let door = Door::new(0).await;
    for query in [
        "{...a} fragment a on Query{...a ...a}",
        "{...a} fragment a on Query{...b ...b} fragment b on Query{... {...a ...a}}",
        "{__typename} fragment a on Query{...b} fragment b on Query{...a}",
    ] {
        assert_eq!(
            door.code(query).await,
            "GRAPHQL_VALIDATION_FAILED",
            "{query}"
        );
    }
}
