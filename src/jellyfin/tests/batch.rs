use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::Response;
use futures::future::join_all;
use serde_json::{Value, json};

use super::fake::{Fake, account, answer, limits, query, register};
use crate::jellyfin::{Limits, UpstreamError};
use crate::model::UpstreamId;

fn ids(n: usize) -> Vec<UpstreamId> {
    (0..n).map(|_| UpstreamId::random()).collect()
}

fn list(asked: &str) -> Response {
    let items: Vec<Value> = asked
        .split(',')
        .map(|id| json!({ "Id": id, "Name": id }))
        .collect();
    answer(200, &json!({ "Items": items }))
}

async fn echo() -> (Fake, Arc<Mutex<Vec<usize>>>) {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = sizes.clone();
    let fake = Fake::start(move |request| {
        assert!(request.uri().to_string().len() < 8000);
        let asked = query(&request, "ids");
        if request.uri().path() == "/Items" {
            seen.lock().unwrap().push(asked.split(',').count());
        }
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            list(&asked)
        }
    })
    .await;
    (fake, sizes)
}

fn calm() -> Limits {
    Limits {
        gather: Duration::from_millis(20),
        ..limits()
    }
}

#[tokio::test]
async fn callers_who_come_together_share_a_request() {
    let (fake, sizes) = echo().await;
    let (_registry, server) = register(&fake.url(), calm());
    let (account, ids) = (account(), ids(30));
    let answers = join_all((0..30).map(|i| server.bodies(&account, &ids[i / 2..=i]))).await;
    for (i, answer) in answers.iter().enumerate() {
        assert_eq!(answer.as_ref().unwrap().len(), i + 1 - i / 2);
    }
    assert_eq!(*sizes.lock().unwrap(), [30]);
    assert_eq!(server.requests().bodies, 1);
}

#[tokio::test]
async fn a_request_holds_a_hundred_at_most() {
    let (fake, sizes) = echo().await;
    let (_registry, server) = register(&fake.url(), calm());
    let ids = ids(250);
    let found = server.bodies(&account(), &ids).await.unwrap();
    assert_eq!(found.len(), 250);
    let mut sizes = sizes.lock().unwrap().clone();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}

#[tokio::test]
async fn what_is_on_its_way_is_not_asked_again() {
    let (fake, sizes) = echo().await;
    let (_registry, server) = register(
        &fake.url(),
        Limits {
            gather: Duration::from_millis(1),
            ..calm()
        },
    );
    let (account, ids) = (account(), ids(10));
    let first = server.bodies(&account, &ids);
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        server.bodies(&account, &ids).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.unwrap().len(), second.unwrap().len()), (10, 10));
    assert_eq!(*sizes.lock().unwrap(), [10]);
}

#[tokio::test]
async fn accounts_do_not_share() {
    let (fake, _) = echo().await;
    let (_registry, server) = register(&fake.url(), calm());
    let (one, other, ids) = (account(), account(), ids(3));
    let (a, b) = tokio::join!(server.bodies(&one, &ids), server.bodies(&other, &ids));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(server.requests().bodies, 2);
}

#[tokio::test]
async fn a_caller_who_leaves_takes_nothing_along() {
    let (fake, _) = echo().await;
    let (_registry, server) = register(&fake.url(), calm());
    let (account, ids) = (account(), ids(3));
    let leaving = tokio::time::timeout(Duration::from_millis(5), server.bodies(&account, &ids));
    let staying = server.bodies(&account, &ids);
    let (left, stayed) = tokio::join!(leaving, staying);
    assert!(left.is_err());
    assert_eq!(stayed.unwrap().len(), 3);
    assert_eq!(server.requests().bodies, 1);
}

#[tokio::test]
async fn a_bad_id_costs_itself_alone() {
    let all = ids(100);
    let bad: HashSet<String> = [all[17], all[64]].iter().map(ToString::to_string).collect();
    let fake = Fake::start(move |request| {
        let asked = query(&request, "ids");
        let fails = asked.split(',').any(|id| bad.contains(id));
        async move {
            if fails {
                answer(500, &json!({}))
            } else {
                list(&asked)
            }
        }
    })
    .await;
    let (_registry, server) = register(&fake.url(), calm());
    let found = server.bodies(&account(), &all).await.unwrap();
    assert!(found.len() >= 90, "{}", found.len());
    assert!(!found.contains_key(&all[17]) && found.contains_key(&all[18]));
    assert!(server.requests().bodies <= 30);
}

#[tokio::test]
async fn the_placeholder_is_never_asked_for() {
    let (fake, sizes) = echo().await;
    let (_registry, server) = register(&fake.url(), calm());
    let placeholder: UpstreamId = "00000000000000000000000000000001".parse().unwrap();
    let found = server
        .bodies(&account(), &[placeholder, UpstreamId::default()])
        .await
        .unwrap();
    assert!(found.is_empty() && sizes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_outage_is_an_error_for_all() {
    let (_registry, server) = register("http://127.0.0.1:1", calm());
    let error = server.bodies(&account(), &ids(5)).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unreachable { .. }) && error.is_outage());
}
