//! What people watch reaches every linked server, and what other clients do there comes back.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use manyfin::demo::{DemoServer, DemoSpec, NewItem, UserDataChange};
use manyfin::model::{ItemKind, UpstreamId};
use serde_json::{Value, json};

use crate::support::gateway::{ALICE, Gateway, eventually, film, sources};

/// Ticks a minute.
const MINUTE: i64 = 600_000_000;

fn data(source: &DemoServer, id: UpstreamId) -> (bool, i64, bool) {
    source.user_data(ALICE, id).expect("alice is there")
}

async fn all_have(sources: &[DemoServer], ids: &[UpstreamId], what: (bool, i64, bool)) {
    eventually(&format!("every server has {what:?}"), async || {
        sources
            .iter()
            .zip(ids)
            .all(|(source, id)| data(source, *id) == what)
    })
    .await;
}

/// How often servers were told something.
fn told(sources: &[DemoServer]) -> usize {
    let seen = sources.iter().flat_map(DemoServer::seen);
    seen.filter(|seen| seen.method != "GET" && seen.path.contains("UserItems"))
        .count()
}

both_gateways!(marks_reach_every_server, marks);

async fn marks(url: String) {
    let sources = sources(3, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;

    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    ann.post(&format!("/UserFavoriteItems/{id}"), json!({}))
        .await;
    all_have(&sources, &ids, (true, 0, true)).await;

    // As Findroid reports: without a version.
    let (other, ids) = film(&sources, 1);
    let id = ann.id_of(&other).await;
    ann.post("/Sessions/Playing", json!({ "ItemId": id })).await;
    let at = json!({ "ItemId": id, "PositionTicks": 30 * MINUTE, "IsPaused": false });
    ann.post("/Sessions/Playing/Progress", at.clone()).await;
    ann.post("/Sessions/Playing/Stopped", at).await;
    all_have(&sources, &ids, (false, 30 * MINUTE, false)).await;
    let told_of = ann.named(&other).await;
    assert_eq!(told_of["UserData"]["PlaybackPositionTicks"], 30 * MINUTE);

    // What was told comes back with the next look, and is no news.
    tokio::time::sleep(Duration::from_millis(500)).await;
    sources.iter().for_each(DemoServer::clear_seen);
    for server in &gateway.servers {
        gateway.sync_links(*server).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(told(&sources), 0, "an echo");
}

both_gateways!(a_server_that_was_down_is_told_after_a_restart, down);

async fn down(url: String) {
    let sources = sources(3, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let (name, ids) = film(&sources, 2);
    sources[2].set_available(false).await.expect("it stops");
    {
        let ann = gateway.sign_in("ann").await;
        let id = ann.id_of(&name).await;
        ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
        ann.post(&format!("/UserFavoriteItems/{id}"), json!({}))
            .await;
    }
    all_have(&sources[..2], &ids[..2], (true, 0, true)).await;
    assert_eq!(data(&sources[2], ids[2]), (false, 0, false));
    let gateway = gateway.restart().await;
    sources[2].set_available(true).await.expect("it starts");
    all_have(&sources, &ids, (true, 0, true)).await;
    let ann = gateway.sign_in("ann").await;
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
}

both_gateways!(what_others_do_on_a_server_comes_back, back);

async fn back(url: String) {
    let sources = sources(3, 30).await;
    // A first link brings its history in.
    let (history, history_ids) = film(&sources, 3);
    let before = UserDataChange {
        position_ticks: Some(20 * MINUTE),
        play_count: Some(1),
        last_played: Some(Utc::now() - TimeDelta::days(3)),
        ..UserDataChange::default()
    };
    assert!(sources[0].set_user_data(ALICE, history_ids[0], &before));
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    all_have(&sources, &history_ids, (false, 20 * MINUTE, false)).await;
    let shown = ann.named(&history).await;
    assert_eq!(shown["UserData"]["PlaybackPositionTicks"], 20 * MINUTE);

    // Another client plays a film to its end on one server.
    let (name, ids) = film(&sources, 4);
    let played = UserDataChange {
        played: Some(true),
        play_count: Some(1),
        last_played: Some(Utc::now()),
        ..UserDataChange::default()
    };
    assert!(sources[1].set_user_data(ALICE, ids[1], &played));
    gateway.sync_links(gateway.servers[1]).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);

    // One that is taken back is followed.
    let unplayed = UserDataChange {
        played: Some(false),
        play_count: Some(0),
        ..UserDataChange::default()
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(sources[0].set_user_data(ALICE, ids[0], &unplayed));
    gateway.sync_links(gateway.servers[0]).await;
    all_have(&sources, &ids, (false, 0, false)).await;
}

both_gateways!(a_restored_server_is_filled, restored);

async fn restored(url: String) {
    let sources = sources(3, 30).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let films: Vec<(String, Vec<UpstreamId>)> =
        (0..12).map(|number| film(&sources, number)).collect();
    for (name, _) in &films {
        let id = ann.id_of(name).await;
        ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    }
    for (_, ids) in &films {
        all_have(&sources, ids, (true, 0, false)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let lost = UserDataChange {
        played: Some(false),
        play_count: Some(0),
        ..UserDataChange::default()
    };
    for (_, ids) in &films {
        assert!(sources[0].set_user_data(ALICE, ids[0], &lost));
    }
    gateway.sync_links(gateway.servers[0]).await;
    for (name, ids) in &films {
        all_have(&sources, ids, (true, 0, false)).await;
        assert_eq!(ann.named(name).await["UserData"]["Played"], true);
    }
}

both_gateways!(a_favourite_carries_no_play_state, favourite);

async fn favourite(url: String) {
    let sources = sources(3, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 5);
    let id = ann.id_of(&name).await;
    sources[1].set_available(false).await.expect("it stops");
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    let favorite = UserDataChange {
        favorite: Some(true),
        ..UserDataChange::default()
    };
    assert!(sources[1].set_user_data(ALICE, ids[1], &favorite));
    sources[1].set_available(true).await.expect("it starts");
    // A look that was asked before the delivery is passed over; the next one counts.
    eventually(
        "the favourite comes back and the play state stays",
        async || {
            let links = gateway.app.accounts.all_links().await.expect("links");
            let link = links
                .iter()
                .find(|(_, link)| link.server_id == gateway.servers[1]);
            let (_, link) = link.expect("ann's link");
            let asked = gateway.app.sync.link_added(link.id).await.is_ok();
            let mut here = sources.iter().zip(&ids);
            asked && here.all(|(source, id)| data(source, *id) == (true, 0, true))
        },
    )
    .await;
    let shown = ann.named(&name).await;
    assert_eq!(shown["UserData"]["Played"], true);
    assert_eq!(shown["UserData"]["IsFavorite"], true);
}

both_gateways!(a_clock_that_is_ahead_does_not_win_for_ever, ahead);

async fn ahead(url: String) {
    let sources = sources(3, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 6);
    let id = ann.id_of(&name).await;
    let future = UserDataChange {
        position_ticks: Some(15 * MINUTE),
        last_played: Some(Utc::now() + TimeDelta::days(730)),
        ..UserDataChange::default()
    };
    assert!(sources[0].set_user_data(ALICE, ids[0], &future));
    gateway.sync_links(gateway.servers[0]).await;
    all_have(&sources, &ids, (false, 15 * MINUTE, false)).await;
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    gateway.sync_links(gateway.servers[0]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
}

both_gateways!(a_shared_account_stays_out, shared);

async fn shared(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_user("ben", &gateway.servers[..1]).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_have(&sources[1..], &ids[1..], (true, 0, false)).await;

    let (other, other_ids) = film(&sources, 1);
    let played = UserDataChange {
        played: Some(true),
        ..UserDataChange::default()
    };
    assert!(sources[0].set_user_data(ALICE, other_ids[0], &played));
    gateway.sync_links(gateway.servers[0]).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(data(&sources[0], ids[0]), (false, 0, false));
    assert_eq!(data(&sources[1], other_ids[1]), (false, 0, false));
    assert_eq!(ann.named(&other).await["UserData"]["Played"], false);
    let ben = gateway.sign_in("ben").await;
    assert_eq!(ben.named(&name).await["UserData"]["Played"], false);
}

both_gateways!(a_position_stays_with_its_cut, cuts);

async fn cuts(url: String) {
    let sources = sources(3, 12).await;
    let (name, ids) = film(&sources, 7);
    // The cut of the last source, which leads by the library's priority, is a fifth longer.
    let longer = |value: &mut Value| {
        if let Some(ticks) = value["RunTimeTicks"].as_i64() {
            value["RunTimeTicks"] = json!(ticks * 12 / 10);
        }
    };
    assert!(sources[2].edit_item(ids[2], |body| {
        let mut whole = Value::Object(std::mem::take(body));
        longer(&mut whole);
        if let Some(sources) = whole["MediaSources"].as_array_mut() {
            sources.iter_mut().for_each(longer);
        }
        if let Value::Object(whole) = whole {
            *body = whole;
        }
    }));
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    let path = format!("/Items/{id}?fields=MediaSources");
    let item = ann.get(&path).await;
    let versions = item["MediaSources"].as_array().expect("versions").clone();
    let runtimes: Vec<i64> = versions
        .iter()
        .map(|version| version["RunTimeTicks"].as_i64().expect("a runtime"))
        .collect();
    assert!(
        runtimes[0] > runtimes[1],
        "the long cut leads: {runtimes:?}"
    );
    let at = json!({
        "ItemId": id, "MediaSourceId": versions[1]["Id"], "PositionTicks": 40 * MINUTE,
    });
    ann.post("/Sessions/Playing", at.clone()).await;
    ann.post("/Sessions/Playing/Stopped", at).await;
    all_have(&sources[..2], &ids[..2], (false, 40 * MINUTE, false)).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(data(&sources[2], ids[2]).1, 0, "the long cut was not begun");

    // A cut that fits comes first, and its position is told.
    let item = ann.get(&path).await;
    assert_eq!(item["UserData"]["PlaybackPositionTicks"], 40 * MINUTE);
    assert!(item["MediaSources"][0]["RunTimeTicks"].as_i64() < Some(runtimes[0]));

    // The long cut's own id tells the long cut's own, and that is none.
    let long = format!("/Items/{}", long_id(&gateway, ids[2]));
    let told = async |path: &str| {
        let item = ann.get(path).await;
        item["UserData"]["PlaybackPositionTicks"].as_i64()
    };
    assert_eq!(told(&long).await, Some(0));

    // Begun long ago on its server: its own, and no news for the item.
    let (half, most) = (runtimes[0] / 2, runtimes[0] / 5 * 4);
    let before = UserDataChange {
        position_ticks: Some(half),
        play_count: Some(1),
        last_played: Some(Utc::now() - TimeDelta::days(3)),
        ..UserDataChange::default()
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(sources[2].set_user_data(ALICE, ids[2], &before));
    gateway.sync_links(gateway.servers[2]).await;
    eventually("the long cut tells what it is at", async || {
        told(&long).await == Some(half)
    })
    .await;
    assert_eq!(told(&path).await, Some(40 * MINUTE));

    // Played on from there, it is what was begun last; the short cut keeps its own.
    let short = format!("/Items/{}", versions[1]["Id"].as_str().expect("an id"));
    let long_copy = long_id(&gateway, ids[2]);
    let stop = async |position: i64| {
        let at = json!({ "ItemId": long_copy, "PositionTicks": position });
        ann.post("/Sessions/Playing", at.clone()).await;
        ann.post("/Sessions/Playing/Stopped", at).await;
    };
    stop(most).await;
    let here = async |long_at: i64| {
        for (at, position) in [(0, 40 * MINUTE), (1, 40 * MINUTE), (2, long_at)] {
            let one = (&sources[at..=at], &ids[at..=at]);
            all_have(one.0, one.1, (false, position, false)).await;
        }
    };
    here(most).await;
    assert_eq!(told(&long).await, Some(most));
    assert_eq!(told(&path).await, Some(most));
    assert_eq!(told(&short).await, Some(40 * MINUTE));

    // Begun anew and left at once, it is not begun, and the short cut is what is in progress.
    stop(MINUTE).await;
    here(0).await;
    assert_eq!(told(&long).await, Some(0));
    assert_eq!(told(&path).await, Some(40 * MINUTE));
    let gateway = gateway.restart().await;
    let ann = gateway.sign_in("ann").await;
    assert_eq!(
        ann.get(&short).await["UserData"]["PlaybackPositionTicks"],
        40 * MINUTE
    );

    // Played to its end, the film is played, whichever cut.
    let end = json!({ "ItemId": long_copy, "PositionTicks": runtimes[0] - MINUTE });
    ann.post("/Sessions/Playing/Stopped", end).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    let shown = ann.get(&short).await;
    assert_eq!(shown["UserData"]["PlaybackPositionTicks"], 0);
    assert_eq!(shown["UserData"]["Played"], true);
}

both_gateways!(a_new_link_and_a_new_copy_are_filled, filled);

async fn filled(url: String) {
    let mut all = sources(2, 12).await;
    let third = DemoServer::start(DemoSpec::films("Cottage", 6, 0)).await;
    all.push(third.expect("a source starts"));
    let gateway = Gateway::over(&url, &all).await;
    gateway.unlink("ann", gateway.servers[1]).await;
    let ann = gateway.sign_in("ann").await;
    // One film that all have, and one that the third has not.
    let names: Vec<String> = all[2]
        .items(ItemKind::Movie)
        .into_iter()
        .filter_map(|id| all[2].item_name(id))
        .collect();
    let mut films = (0..12).map(|number| film(&all[..2], number));
    let (known, known_ids) = films
        .find(|(name, _)| names.contains(name))
        .expect("a film that all have");
    let mut films = (0..12).map(|number| film(&all[..2], number));
    let (missing, missing_ids) = films
        .find(|(name, _)| !names.contains(name))
        .expect("a film that the third has not");
    for name in [&known, &missing] {
        let id = ann.id_of(name).await;
        ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
        ann.post(&format!("/UserFavoriteItems/{id}"), json!({}))
            .await;
    }
    for ids in [&known_ids, &missing_ids] {
        all_have(&all[..1], &ids[..1], (true, 0, true)).await;
        assert_eq!(data(&all[1], ids[1]), (false, 0, false), "not linked");
    }

    gateway.link("ann", gateway.servers[1]).await;
    for ids in [&known_ids, &missing_ids] {
        all_have(&all[..2], &ids[..2], (true, 0, true)).await;
    }
    let copy = (6..12).find_map(|number| {
        let id = all[2].add_item(NewItem::Film(number))?;
        (all[2].item_name(id)? == missing).then_some(id)
    });
    let copy = copy.expect("the third has it now");
    gateway.crawl().await;
    gateway.sync_links(gateway.servers[2]).await;
    all_have(&all[2..], &[copy], (true, 0, true)).await;
}

both_gateways!(a_copy_that_went_and_came_back_is_filled, came_back);

async fn came_back(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let number = 3;
    let copy = sources[1].add_item(NewItem::Film(number)).expect("a film");
    let name = sources[1].item_name(copy).expect("it has a name");
    let ids: Vec<UpstreamId> = (0..12)
        .map(|number| film(&sources, number))
        .find(|(known, _)| *known == name)
        .expect("both have it")
        .1;
    assert_eq!(ids[1], copy);
    let id = ann.id_of(&name).await;
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_have(&sources, &ids, (true, 0, false)).await;

    assert!(sources[1].remove_item(copy));
    gateway.crawl().await;
    let nothing = UserDataChange {
        played: Some(false),
        play_count: Some(0),
        ..UserDataChange::default()
    };
    assert_eq!(sources[1].add_item(NewItem::Film(number)), Some(copy));
    assert!(sources[1].set_user_data(ALICE, copy, &nothing));
    gateway.crawl().await;
    gateway.sync_links(gateway.servers[1]).await;
    all_have(&sources, &ids, (true, 0, false)).await;
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
}

both_gateways!(what_is_shared_later_stays_as_it_was, shared_later);

async fn shared_later(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let films: Vec<(String, Vec<UpstreamId>)> = (0..3).map(|at| film(&sources, at)).collect();
    let play = async |at: usize| {
        let id = ann.id_of(&films[at].0).await;
        ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    };
    play(0).await;
    all_have(&sources, &films[0].1, (true, 0, false)).await;

    // From now on two people are behind that account.
    gateway.add_user("ben", &gateway.servers[..1]).await;
    play(1).await;
    all_have(&sources[1..], &films[1].1[1..], (true, 0, false)).await;
    let before = UserDataChange {
        played: Some(true),
        last_played: Some(Utc::now() - TimeDelta::days(9)),
        ..UserDataChange::default()
    };
    assert!(sources[0].set_user_data(ALICE, films[2].1[0], &before));
    gateway.sync_links(gateway.servers[0]).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(data(&sources[0], films[1].1[0]), (false, 0, false));
    assert_eq!(data(&sources[1], films[2].1[1]), (false, 0, false));
    let ben = gateway.sign_in("ben").await;
    for (at, (name, _)) in films.iter().enumerate() {
        let played = ann.named(name).await["UserData"]["Played"].clone();
        assert_eq!(played, at < 2, "{name}");
        assert_eq!(ben.named(name).await["UserData"]["Played"], false, "{name}");
    }
}

both_gateways!(what_waits_is_told_to_its_owner, waits);

async fn waits(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_user("ben", &[]).await;
    gateway.add_administrator("root").await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    sources[1].set_available(false).await.expect("it stops");
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_have(&sources[..1], &ids[..1], (true, 0, false)).await;
    let ask = async |who: &str, arguments: &str| {
        let fields = "server { name } itemId userId register attempts waitingSince lastError";
        let query = format!("{{ outbox{arguments} {{ {fields} }} }}");
        let client = gateway.sign_in(who).await;
        client.post("/graphql", json!({ "query": query })).await
    };
    eventually("it is told why it waits", async || {
        let told = ask("ann", "").await;
        let rows = told["data"]["outbox"].as_array().expect("a list").clone();
        rows.len() == 1 && rows[0]["lastError"].is_string()
    })
    .await;
    let own = ask("ann", "").await["data"]["outbox"][0].clone();
    assert_eq!(own["server"]["name"], "Basement");
    assert_eq!(own["itemId"], id);
    assert_eq!(own["register"], "play");
    assert!(own["waitingSince"].is_string());
    assert_eq!(ask("ben", "").await["data"]["outbox"], json!([]));
    assert_eq!(ask("root", "").await["data"]["outbox"], json!([]));
    let refused = ask("ann", "(all: true)").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let all = ask("root", "(all: true)").await["data"]["outbox"].clone();
    assert_eq!(all[0]["server"]["name"], "Basement");
    assert_eq!(all[0]["userId"], own["userId"]);
    assert_eq!(all[0]["itemId"], Value::Null, "what ann watched is hers");
}

fn long_id(gateway: &Gateway, id: UpstreamId) -> String {
    let snapshot = gateway.app.catalog.snapshot();
    let copy = snapshot.copies.iter().find(|copy| copy.upstream_id() == id);
    copy.expect("the copy is known").id.to_string()
}
