//! An extra plays through us under the id that it was told by, for whoever sees what it hangs on.

use manyfin::demo::{Access, ExtraKind, NewItem};
use manyfin::model::UpstreamId;
use reqwest::{Client as Http, Method, StatusCode};
use serde_json::{Value, json};

use super::shelves::id;
use crate::support::gateway::{Client, Gateway, eventually, film, sources};

async fn status(client: &Client, path: &str) -> u16 {
    client.ask(Method::GET, path, None).await.0
}

/// A player's request without a token, from another address than everybody else's.
async fn tokenless(gateway: &Gateway, path: &str) -> StatusCode {
    let address: std::net::IpAddr = "127.0.0.2".parse().expect("an address");
    let http = Http::builder()
        .local_address(address)
        .build()
        .expect("a client");
    let request = http
        .get(format!("{}{path}", gateway.url))
        .header("Range", "bytes=0-99");
    request.send().await.expect("an answer").status()
}

/// What is told of how it plays.
async fn info(client: &Client, id: &str, profile: Value) -> Value {
    let body = json!({ "DeviceProfile": profile });
    client
        .post(&format!("/Items/{id}/PlaybackInfo"), body)
        .await
}

fn plays_all() -> Value {
    json!({ "DirectPlayProfiles": [{ "Type": "Video" }], "MaxStreamingBitrate": 1_000_000_000 })
}

both_gateways!(a_trailer_plays, plays);

async fn plays(url: String) {
    let sources = sources(2, 12).await;
    let (name, ids) = film(&sources, 0);
    let upstream = sources[0]
        .add_extra(ids[0], ExtraKind::Trailer, "Teaser")
        .expect("a film");
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_user("ben", &gateway.servers[1..]).await;
    let (ann, ben) = (gateway.sign_in("ann").await, gateway.sign_in("ben").await);
    let item = ann.id_of(&name).await;
    let told = ann.get(&format!("/Items/{item}/LocalTrailers")).await;
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    let trailer = id(&told[0]).to_owned();
    for secret in [upstream.to_string(), upstream.dashed(), sources[0].id()] {
        assert!(!told.to_string().contains(&secret), "{told}");
    }

    let body = ann.get(&format!("/Items/{trailer}")).await;
    assert_eq!(
        (&body["Id"], &body["Name"], &body["Type"]),
        (&json!(trailer), &json!("Teaser"), &json!("Trailer"))
    );
    let source = &body["MediaSources"][0];
    assert_eq!(source["Id"], trailer.as_str());
    let found = info(&ann, &trailer, plays_all()).await;
    assert_eq!(found["MediaSources"][0]["Id"], trailer.as_str());
    // Players know the version again by it.
    let tag = source["ETag"].as_str().expect("a tag");
    assert_eq!(found["MediaSources"][0]["ETag"], tag);

    let stream = format!("/Videos/{trailer}/stream?static=true&mediaSourceId={trailer}");
    assert_eq!(ann.first_bytes(&stream).await, 206);
    assert_eq!(ann.bytes(&stream, "bytes=100-199").await.1.len(), 100);
    assert_eq!(tokenless(&gateway, &stream).await, StatusCode::UNAUTHORIZED);
    let tagged = format!("{stream}&tag={tag}");
    assert_eq!(
        tokenless(&gateway, &tagged).await,
        StatusCode::PARTIAL_CONTENT
    );
    let picture = body["ImageTags"]["Primary"].as_str().expect("a picture");
    let picture = format!("/Items/{trailer}/Images/Primary?tag={picture}");
    assert_eq!(status(&ann, &picture).await, 200);

    // A device that cannot play it gets it made over, and nothing of the server in the playlist.
    let profile = json!({ "TranscodingProfiles": [
        { "Type": "Video", "Container": "mp4", "Protocol": "hls", "VideoCodec": "h264", "AudioCodec": "aac" },
    ]});
    let made = info(&ann, &trailer, profile).await;
    let url = made["MediaSources"][0]["TranscodingUrl"]
        .as_str()
        .expect("a playlist");
    assert!(
        !url.contains("ApiKey") && !url.contains(&upstream.dashed()),
        "{url}"
    );
    let answer = ann
        .request(Method::GET, url)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let playlist = answer.text().await.expect("a playlist");
    assert!(!playlist.contains(&upstream.to_string()), "{playlist}");

    // What is reported of it is taken; nothing hangs on it itself.
    let report = json!({ "ItemId": trailer, "PositionTicks": 100_000_000 });
    ann.post("/Sessions/Playing", report.clone()).await;
    ann.post("/Sessions/Playing/Stopped", report).await;
    assert_eq!(
        ann.get(&format!("/MediaSegments/{trailer}")).await["Items"],
        json!([])
    );
    assert_eq!(
        ann.get(&format!("/Items/{trailer}/Intros")).await["Items"],
        json!([])
    );

    // Who is not linked to its server has the film and no trailer.
    assert_eq!(
        ben.get(&format!("/Items/{item}/LocalTrailers")).await,
        json!([])
    );
    for path in [&format!("/Items/{trailer}"), &stream, &picture] {
        assert_eq!(status(&ben, path).await, 404, "{path}");
    }
    let (refused, _) = ben
        .ask(
            Method::POST,
            &format!("/Items/{trailer}/PlaybackInfo"),
            Some(json!({})),
        )
        .await;
    assert_eq!(refused, 404);

    // The id is known after a restart, before anybody asks for the list again.
    let gateway = gateway.restart().await;
    let ann = ann.at(&gateway.url);
    assert_eq!(ann.first_bytes(&stream).await, 206);
    assert_eq!(status(&ann, &picture).await, 200);
    assert_eq!(
        tokenless(&gateway, &tagged).await,
        StatusCode::PARTIAL_CONTENT
    );

    // Its server goes: that is said, and the film's list is empty.
    sources[0].stop();
    eventually("it is known to be gone", async || {
        status(&ann, &format!("/Items/{trailer}")).await == 503
    })
    .await;
    let (gone, _) = ann
        .ask(
            Method::POST,
            &format!("/Items/{trailer}/PlaybackInfo"),
            Some(json!({})),
        )
        .await;
    assert_eq!(gone, 503);
    assert_eq!(ann.first_bytes(&stream).await, 503);
    assert_eq!(
        ann.get(&format!("/Items/{item}/LocalTrailers")).await,
        json!([])
    );

    // The right to it goes with the link.
    sources[0].set_available(true).await.expect("it listens");
    eventually("it is back", async || ann.first_bytes(&stream).await == 206).await;
    gateway.unlink("ann", gateway.servers[0]).await;
    for path in [&format!("/Items/{trailer}"), &stream, &picture] {
        assert_eq!(status(&ann, path).await, 404, "{path}");
    }
    assert_eq!(tokenless(&gateway, &tagged).await, StatusCode::NOT_FOUND);
}

both_gateways!(an_intro_plays_before_many_films, intros);

async fn intros(url: String) {
    let sources = sources(1, 6).await;
    let mut upstream = UpstreamId::default();
    for number in 0..2 {
        let (_, ids) = film(&sources, number);
        upstream = sources[0]
            .add_extra(ids[0], ExtraKind::Intro, "Curtain")
            .expect("a film");
    }
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for number in 0..2 {
        let item = ann.id_of(&film(&sources, number).0).await;
        let told = ann.get(&format!("/Items/{item}/Intros")).await;
        assert_eq!(told["TotalRecordCount"], 1, "{told}");
        let intro = id(&told["Items"][0]);
        let found = info(&ann, intro, plays_all()).await;
        assert_eq!(found["MediaSources"][0]["Id"], intro);
        assert_eq!(
            ann.first_bytes(&format!("/Videos/{intro}/stream?static=true"))
                .await,
            206
        );
    }
    // It comes into a library, and ann may not see it there: then it does not come before a film either.
    let item = ann.id_of(&film(&sources, 0).0).await;
    let told = ann.get(&format!("/Items/{item}/Intros")).await;
    let intro = id(&told["Items"][0]).to_owned();
    let mut source = told["Items"][0]["MediaSources"][0].clone();
    source["Id"] = json!(upstream);
    let stream = format!("/Videos/{intro}/stream?static=true");
    let tag = info(&ann, &intro, plays_all()).await["MediaSources"][0]["ETag"].clone();
    let tagged = format!("{stream}&tag={}", tag.as_str().expect("a tag"));
    assert_eq!(
        tokenless(&gateway, &tagged).await,
        StatusCode::PARTIAL_CONTENT
    );
    let listed = json!({
        "Id": upstream, "Name": "Curtain", "Type": "Movie", "Tags": ["late night"],
        "ParentId": sources[0].library_id("Films").expect("films").to_string(),
        "MediaSources": [source], "ImageTags": {}, "BackdropImageTags": [], "IsFolder": false,
    });
    let listed = listed.as_object().expect("a body").clone();
    sources[0].add_item(NewItem::Body(Box::new(listed.into_iter().collect())));
    let hidden = Access {
        blocked_tags: vec!["late night".to_owned()],
        ..Access::default()
    };
    assert!(sources[0].set_access("alice", hidden));
    gateway.crawl().await;
    gateway.sync_links(gateway.servers[0]).await;
    // Whether its server tells it again or not.
    for _ in 0..2 {
        assert_eq!(status(&ann, &format!("/Items/{intro}")).await, 404);
        ann.get(&format!("/Items/{item}/Intros")).await;
    }
    assert_eq!(ann.first_bytes(&stream).await, 404);
    assert_eq!(tokenless(&gateway, &tagged).await, StatusCode::NOT_FOUND);

    let none = ann.id_of(&film(&sources, 2).0).await;
    assert_eq!(
        ann.get(&format!("/Items/{none}/Intros")).await["Items"],
        json!([])
    );
}
