//! A page costs each server one request at the most, and nothing once it was asked.

use std::time::Duration;

use manyfin::demo::DemoServer;
use serde_json::Value;

use crate::support::gateway::{ALICE, Gateway, sources};

const PAGE: &str = "/Items?recursive=true&includeItemTypes=Movie&sortBy=SortName&startIndex=0\
                    &limit=100&fields=MediaSources,Overview,People,Chapters";

/// What each source was asked as the viewer.
fn asked(sources: &[DemoServer]) -> Vec<Vec<String>> {
    let of = |source: &DemoServer| {
        let seen = source.seen().into_iter();
        seen.filter(|seen| seen.user.as_deref() == Some(ALICE))
            .map(|seen| format!("{} {}?{}", seen.method, seen.path, seen.query))
            .collect()
    };
    sources.iter().map(of).collect()
}

/// Waits until the crawls of the beginning are over.
async fn quiet(sources: &[DemoServer]) {
    let count = || {
        sources
            .iter()
            .map(|source| source.seen().len())
            .sum::<usize>()
    };
    let (mut before, mut still) = (count(), 0);
    while still < 8 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = count();
        still = if now == before { still + 1 } else { 0 };
        before = now;
    }
    sources.iter().for_each(DemoServer::clear_seen);
}

fn assert_full(page: &Value) {
    let items = page["Items"].as_array().expect("a list");
    assert_eq!(items.len(), 100);
    for item in items {
        assert!(item["Overview"].is_string(), "{item}");
        assert_eq!(
            item["MediaSources"].as_array().map(Vec::len),
            Some(3),
            "{item}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_100_costs_each_server_one_request_and_none_when_warm() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(3, 120).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    ann.get("/Items?recursive=true&includeItemTypes=Movie&limit=1")
        .await;
    quiet(&sources).await;

    assert_full(&ann.get(PAGE).await);
    let crawled = asked(&sources);
    assert!(
        crawled.iter().all(Vec::is_empty),
        "crawled, yet asked: {crawled:?}"
    );

    gateway.chill().await;
    assert_full(&ann.get(PAGE).await);
    let cold = asked(&sources);
    assert!(cold.iter().all(|asked| asked.len() == 1), "cold: {cold:?}");

    sources.iter().for_each(DemoServer::clear_seen);
    assert_full(&ann.get(PAGE).await);
    let warm = asked(&sources);
    assert!(warm.iter().all(Vec::is_empty), "warm: {warm:?}");

    gateway.chill().await;
    let pages = futures::future::join_all((0..8).map(|_| ann.get(PAGE))).await;
    pages.iter().for_each(assert_full);
    let together = asked(&sources);
    assert!(
        together.iter().all(|asked| asked.len() == 1),
        "together: {together:?}"
    );
}
