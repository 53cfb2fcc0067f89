//! A server that says it is there and gives something else than the film: another copy plays, the middle of
//! a film comes from the same bytes or not at all, and no page reaches a player.

use std::time::{Duration, Instant};

use manyfin::db::byte_prints;
use manyfin::demo::{Fault, Proxy};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_day::{copy_on, make_other_bytes, offered};
use crate::support::gateway::{Client, Gateway, eventually, film, sources};

const MIDDLE: &str = "bytes=500000-500999";

/// What a server gives that cannot give the film.
const TROUBLES: [Fault; 7] = [
    Fault::Behind(Proxy::Status(500)),
    Fault::Behind(Proxy::Status(502)),
    Fault::Behind(Proxy::Status(404)),
    // The file alone: a server that refuses all that is asked as somebody refuses the link.
    Fault::Files(403),
    Fault::Files(401),
    Fault::Behind(Proxy::Page),
    Fault::Behind(Proxy::Elsewhere),
];

fn stream(id: &str, version: &str) -> String {
    format!("/Videos/{id}/stream?static=true&mediaSourceId={version}")
}

/// Bytes, without being kept waiting.
async fn at_once(client: &Client, path: &str, range: &str) -> (u16, Vec<u8>) {
    let started = Instant::now();
    let answer = client.bytes(path, range).await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "{path} {range}: {took:?}");
    answer
}

fn assert_no_page(status: u16, bytes: &[u8]) {
    assert!(status >= 400, "{status}");
    let text = String::from_utf8_lossy(bytes);
    assert!(!text.contains('<'), "{status}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_copy_plays_in_place_of_one_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 16).await;
    for number in 0..2 * TROUBLES.len() {
        make_other_bytes(&sources[1], film(&sources, number).1[1]);
    }
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for (number, fault) in TROUBLES.into_iter().enumerate() {
        let (name, ids) = film(&sources, number);
        let id = ann.id_of(&name).await;
        let other = copy_on(&gateway, 0, ids[0]);
        assert_eq!(offered(&ann, &id, None).await[0].1, "Basement");
        let played = stream(&id, &id);
        let begun = ann.bytes(&played, "bytes=0-999").await;
        assert_eq!(begun.0, 206);

        sources[1].set_fault(Some(fault));
        // No other file has the rest of it.
        let (status, bytes) = at_once(&ann, &played, MIDDLE).await;
        assert_no_page(status, &bytes);
        // Whoever asks anew gets the other copy, also by the id of the one that is gone.
        let told = offered(&ann, &id, Some(&id)).await;
        assert_eq!(told, [(id.clone(), "Attic".to_owned())], "{fault:?}");
        for range in ["bytes=0-999", MIDDLE] {
            let got = at_once(&ann, &played, range).await;
            let wanted = ann.bytes(&stream(&other, &other), range).await;
            assert_eq!(got.0, 206, "{fault:?} {range}");
            assert!(got == wanted, "{fault:?} {range}: other bytes");
        }

        // A film that nobody was told of yet plays from the copy that can be read, and stays with it.
        sources[1].set_fault(None);
        let (name, ids) = film(&sources, TROUBLES.len() + number);
        let id = ann.id_of(&name).await;
        let other = copy_on(&gateway, 0, ids[0]);
        let detail = ann.get(&format!("/Items/{id}")).await;
        let tag = &detail["MediaSources"][0]["ETag"];
        let tag = tag.as_str().expect("a tag");
        for played in [
            format!("/Videos/{id}/stream?static=true"),
            format!("{}&Tag={tag}", stream(&id, &id)),
        ] {
            sources[1].set_fault(Some(fault));
            let first = at_once(&ann, &played, "bytes=0-999").await;
            sources[1].set_fault(None);
            let second = at_once(&ann, &played, MIDDLE).await;
            let other = stream(&other, &other);
            assert!(first == ann.bytes(&other, "bytes=0-999").await, "{fault:?}");
            assert!(second == ann.bytes(&other, MIDDLE).await, "{fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_goes_on_from_the_same_bytes_where_its_server_gives_something_else() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let troubles = TROUBLES.into_iter().chain([Fault::WholeFile]);
    for (number, fault) in troubles.enumerate() {
        let (name, ids) = film(&sources, number);
        let id = ann.id_of(&name).await;
        let copies: Vec<String> = (0..2).map(|at| copy_on(&gateway, at, ids[at])).collect();
        assert_eq!(offered(&ann, &id, None).await[0].1, "Basement");
        let played = stream(&id, &id);
        let bytes = ann.bytes(&played, MIDDLE).await;
        assert_eq!(bytes.0, 206);
        eventually("the files are compared", async || {
            let prints = byte_prints::of(gateway.app.catalog.db(), &copies).await;
            prints.expect("prints").len() == 2
        })
        .await;
        sources[1].set_fault(Some(fault));
        sources[1].clear_seen();
        for _ in 0..2 {
            let went_on = at_once(&ann, &played, MIDDLE).await;
            assert!(went_on == bytes, "{fault:?}: {}", went_on.0);
        }
        // That there is no such part is a true answer.
        let past = at_once(&ann, &played, "bytes=99000000000-").await;
        assert_eq!(past, (416, Vec::new()));
        let streamed = sources[1].seen();
        let streamed = streamed.iter().filter(|seen| seen.path.contains("/stream"));
        // Spared from then on: what a proxy gets no answer for is asked for again within the request alone.
        let tried = streamed.count();
        assert!((1..=3).contains(&tried), "{fault:?}: {tried} times");
        sources[1].set_fault(None);
    }
}

/// With no other copy, nobody is kept from it once it is well again.
#[tokio::test(flavor = "multi_thread")]
async fn a_film_without_another_copy_plays_as_soon_as_it_can() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for (number, fault) in TROUBLES.into_iter().chain([Fault::WholeFile]).enumerate() {
        let id = ann.id_of(&film(&sources, number).0).await;
        let played = stream(&id, &id);
        sources[0].set_fault(Some(fault));
        let (status, bytes) = at_once(&ann, &played, MIDDLE).await;
        assert_no_page(status, &bytes);
        if fault != Fault::WholeFile {
            let (status, bytes) = at_once(&ann, &played, "bytes=0-").await;
            assert_no_page(status, &bytes);
            let info = format!("/Items/{id}/PlaybackInfo?mediaSourceId={id}");
            let (status, _) = ann.ask(Method::POST, &info, Some(json!({}))).await;
            let says_how = matches!(fault, Fault::Files(_));
            assert!(says_how || status >= 400, "{fault:?}: {status}");
        }
        // What has to be made first is no page either.
        if fault == Fault::Behind(Proxy::Page) {
            for file in ["master.m3u8", "stream.mp4", "hls1/main/0.mp4"] {
                let path = format!("/Videos/{id}/{file}?mediaSourceId={id}");
                let (status, bytes) = at_once(&ann, &path, "bytes=0-").await;
                assert_no_page(status, &bytes);
            }
        }
        sources[0].set_fault(None);
        eventually("it plays again", async || {
            ann.bytes(&played, MIDDLE).await.0 == 206
        })
        .await;
    }
}

/// A download that an account is not allowed is no fault of the file.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_downloaded_may_be_played() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    for source in &sources {
        source.set_fault(Some(Fault::Files(403)));
    }
    let download = format!("/Items/{id}/Download");
    assert_eq!(ann.first_bytes(&download).await, 403);
    sources.iter().for_each(|source| source.set_fault(None));
    assert_eq!(offered(&ann, &id, None).await[0].1, "Basement");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_names_no_version_leaves_it_to_the_others() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let troubles = [
        Fault::Versions("\"x\""),
        Fault::Versions("[]"),
        Fault::Versions("{}"),
        Fault::Versions("[{\"Id\":5}]"),
        Fault::Versions("null"),
        Fault::Null,
        Fault::WrongTypes,
        Fault::TruncatedJson,
    ];
    for (number, fault) in troubles.into_iter().enumerate() {
        let id = ann.id_of(&film(&sources, number).0).await;
        let info = async |version: &str| {
            let path = format!("/Items/{id}/PlaybackInfo{version}");
            ann.ask(Method::POST, &path, Some(json!({}))).await
        };
        sources[1].set_fault(Some(fault));
        let told = offered(&ann, &id, Some(&id)).await;
        assert_eq!(told, [(id.clone(), "Attic".to_owned())], "{fault:?}");
        // With nobody left to say how it plays, that is said.
        sources[0].set_fault(Some(fault));
        let version = format!("?mediaSourceId={id}");
        for asked in ["", version.as_str()] {
            let (status, body): (u16, Value) = info(asked).await;
            assert_eq!(status, 503, "{fault:?} {asked}: {body}");
        }
        sources.iter().for_each(|source| source.set_fault(None));
        eventually("both are there", async || {
            let registry = gateway.app.catalog.registry();
            let mut servers = registry.all().into_iter();
            servers.all(|server| server.status().is_online())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_say_how_a_film_plays_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    sources[1].set_fault(Some(Fault::Stuck));
    let started = Instant::now();
    let told = offered(&ann, &id, Some(&id)).await;
    assert_eq!(told, [(id.clone(), "Attic".to_owned())]);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
}

/// Parts of another length than asked for say nothing of a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_parts_cannot_be_compared_stands_in_for_none() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let troubles = [
        Fault::PartsLongerBy(1),
        Fault::PartsLongerBy(-1),
        Fault::PartsLongerBy(4 << 20),
        Fault::WholeFile,
    ];
    for (number, fault) in troubles.into_iter().enumerate() {
        let (_, ids) = film(&sources, number);
        let copies: Vec<String> = (0..2).map(|at| copy_on(&gateway, at, ids[at])).collect();
        sources[0].set_fault(Some(fault));
        let played = stream(&copies[1], &copies[1]);
        assert_eq!(ann.first_bytes(&played).await, 206);
        eventually("the file that can be compared is", async || {
            let prints = byte_prints::of(gateway.app.catalog.db(), &copies).await;
            let prints = prints.expect("prints");
            prints.iter().any(|print| print.version_id == copies[1])
        })
        .await;
        sources[0].set_fault(None);
        sources[1].set_fault(Some(Fault::Behind(Proxy::Status(500))));
        let (status, _) = at_once(&ann, &played, MIDDLE).await;
        assert!(status >= 500, "{fault:?}: {status}");
        sources[1].set_fault(None);
    }
}
