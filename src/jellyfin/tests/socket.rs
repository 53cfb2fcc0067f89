use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use futures::StreamExt;
use serde_json::json;

use super::fake::{Fake, account, limits, query, register};
use crate::jellyfin::UpstreamEvent;
use crate::jellyfin::socket::{Parsed, parse};

#[tokio::test]
async fn tells_changes_answers_keep_alive_and_comes_back() {
    let fake = Fake::start(async |request: Request| {
        let header = request.headers()["authorization"].to_str().unwrap();
        assert!(header.contains("Token=\"s3cret\""));
        assert_eq!(query(&request, "deviceId"), "a device");
        let (mut parts, _) = request.into_parts();
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.unwrap();
        upgrade.on_upgrade(async |mut socket| {
            let force = json!({ "MessageType": "ForceKeepAlive", "Data": 60 });
            socket.send(Message::text(force.to_string())).await.unwrap();
            let heard = socket.recv().await.unwrap().unwrap();
            assert!(heard.to_text().unwrap().contains("KeepAlive"));
            let change = json!({ "MessageType": "LibraryChanged", "Data": {
                "ItemsAdded": ["9416638507c52bf3cf6b89663d64d2fa"], "ItemsUpdated": null, "ItemsRemoved": [] } });
            socket.send(Message::text(change.to_string())).await.unwrap();
        })
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    let mut events = server.socket(&account());
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(5), events.next())
            .await
            .unwrap()
            .unwrap()
    };
    for _ in 0..2 {
        assert_eq!(next().await, UpstreamEvent::Connected);
        let UpstreamEvent::LibraryChanged {
            added,
            updated,
            removed,
        } = next().await
        else {
            panic!("a change was expected");
        };
        assert_eq!((added.len(), updated.len(), removed.len()), (1, 0, 0));
        assert_eq!(next().await, UpstreamEvent::Disconnected);
    }
}

/// As a proxy does that takes sockets and has nobody to give them to.
#[tokio::test]
async fn sockets_that_break_at_once_are_opened_ever_more_seldom() {
    let opened = Arc::new(AtomicUsize::default());
    let count = opened.clone();
    let fake = Fake::start(move |request: Request| {
        let count = count.clone();
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            let (mut parts, _) = request.into_parts();
            let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
                .await
                .unwrap();
            upgrade.on_upgrade(async |socket| drop(socket))
        }
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    let events = server.socket(&account());
    let heard = tokio::time::timeout(Duration::from_secs(2), events.count()).await;
    assert!(heard.is_err(), "it goes on listening");
    let opened = opened.load(Ordering::SeqCst);
    assert!((3..=9).contains(&opened), "{opened}");
}

#[test]
fn reads_what_real_servers_send() {
    let data = r#"{"MessageType":"UserDataChanged","Data":{"UserId":"03234cb2a2804591a4b6735d54ba8ada",
        "UserDataList":[{"ItemId":"aeececf56199007eaa4009c41e3aa7aa","Played":false}]}}"#;
    let Some(Parsed::Event(UpstreamEvent::UserDataChanged { user_id, items })) = parse(data) else {
        panic!("user data was expected");
    };
    assert!(user_id.is_some());
    assert_eq!(items[0]["ItemId"], "aeececf56199007eaa4009c41e3aa7aa");
    assert_eq!(parse(r#"{"MessageType":"Sessions","Data":[]}"#), None);
    assert_eq!(parse("nonsense"), None);
}

#[test]
fn what_is_no_message_says_nothing() {
    // Whatever stands behind a proxy may send such; it once ended the listening.
    for text in ["null", "7", "true", "[]", "[{}]", "\"text\"", "{}"] {
        assert_eq!(parse(text), None, "{text}");
    }
    let odd = r#"{"MessageType":"LibraryChanged","Data":"soon"}"#;
    let Some(Parsed::Event(UpstreamEvent::LibraryChanged { added, .. })) = parse(odd) else {
        panic!("it says that something changed");
    };
    assert!(added.is_empty());
}
