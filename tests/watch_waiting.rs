//! What waits to be told survives whatever goes wrong meanwhile: refusals, removals, a failing database.

use std::time::Duration;

use manyfin::accounts::LinkState;
use manyfin::db::links::{self, NewLink};
use manyfin::db::outbox;
use manyfin::demo::{Access, DemoServer, Fault, Proxy};
use manyfin::model::UpstreamId;
use serde_json::{Value, json};

use crate::support::gateway::{ALICE, Client, Gateway, eventually, film, sources};
use crate::support::sabotage;

/// Ticks a minute.
const MINUTE: i64 = 600_000_000;

pub async fn play(who: &Client, name: &str) {
    let id = who.id_of(name).await;
    who.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
}

pub fn played(source: &DemoServer, id: UpstreamId) -> bool {
    source.user_data(ALICE, id).expect("alice is there").0
}

pub async fn all_played(sources: &[DemoServer], ids: &[UpstreamId]) {
    eventually("every server is told", async || {
        let mut here = sources.iter().zip(ids);
        here.all(|(source, id)| played(source, *id))
    })
    .await;
}

pub async fn waiting(gateway: &Gateway) -> i64 {
    outbox::length(gateway.app.accounts.db())
        .await
        .expect("a count")
}

/// What is said of each thing that waits.
pub async fn reasons(who: &Client) -> Vec<String> {
    let query = json!({ "query": "{ outbox { lastError attempts } }" });
    let told = who.post("/graphql", query).await;
    let rows = told["data"]["outbox"].as_array().expect("a list").clone();
    rows.iter()
        .map(|row| row["lastError"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The link of `ann` to the source of this number.
async fn link(gateway: &Gateway, number: usize) -> i64 {
    let links = gateway.app.accounts.all_links().await.expect("links");
    let here = links
        .iter()
        .find(|(_, link)| link.server_id == gateway.servers[number]);
    here.expect("ann's link").1.id
}

both_gateways!(a_database_that_fails_for_a_while_loses_no_mark, fails);

async fn fails(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    sources[1].set_available(false).await.expect("it stops");
    play(&ann, &name).await;
    all_played(&sources[..1], &ids[..1]).await;

    // The server comes back while nobody can read what waits for it.
    let server = gateway.app.catalog.registry().get(gateway.servers[1]);
    let server = server.expect("it is registered");
    eventually("it is known to be away", async || {
        server.check().await;
        !server.status().is_online()
    })
    .await;
    sabotage::hide(&url, "outbox").await;
    sources[1].set_available(true).await.expect("it starts");
    eventually("the server is back", async || server.status().is_online()).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!played(&sources[1], ids[1]));
    sabotage::bring_back(&url, "outbox").await;
    all_played(&sources, &ids).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;

    // What was agreed cannot be written down: it is told again, and kept until then.
    sabotage::refuse(&url, "INSERT", "link_items").await;
    let (other, ids) = film(&sources, 1);
    play(&ann, &other).await;
    all_played(&sources, &ids).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(waiting(&gateway).await, 2);
    sabotage::allow(&url, "link_items").await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
    all_played(&sources, &ids).await;
}

both_gateways!(
    what_waits_for_a_refused_link_is_told_when_it_works_again,
    refused
);

async fn refused(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let basement = link(&gateway, 1).await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    let off = Access {
        disabled: true,
        ..Access::default()
    };
    sources[1].set_available(false).await.expect("it stops");
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_played(&sources[..1], &ids[..1]).await;
    assert!(sources[1].set_access(ALICE, off));
    sources[1].set_available(true).await.expect("it starts");
    eventually("it waits for the link", async || {
        reasons(&ann).await == ["the link is not in use"]
    })
    .await;
    assert!(!played(&sources[1], ids[1]));
    assert!(sources[1].set_access(ALICE, Access::default()));
    let state = gateway.app.accounts.check_link(basement).await;
    assert_eq!(state.expect("it is asked"), LinkState::Active);
    all_played(&sources, &ids).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
}

both_gateways!(a_token_that_ended_is_renewed_and_nothing_is_lost, renewed);

async fn renewed(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    sources[1].revoke_tokens(ALICE);
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_played(&sources, &ids).await;

    // What the link may see is asked for with the new one too.
    sources[0].revoke_tokens(ALICE);
    gateway.sync_links(gateway.servers[0]).await;
    let links = gateway.app.accounts.all_links().await.expect("links");
    let active = links
        .iter()
        .filter(|(_, link)| link.state == LinkState::Active);
    assert_eq!(active.count(), 2);
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
}

both_gateways!(what_is_gone_there_is_told_to_nobody, gone);

async fn gone(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let films: Vec<(String, Vec<UpstreamId>)> = (0..2).map(|at| film(&sources, at)).collect();
    let mut items = Vec::new();
    for (name, _) in &films {
        items.push(ann.id_of(name).await);
    }
    sources[1].set_available(false).await.expect("it stops");
    for item in &items {
        ann.post(&format!("/UserPlayedItems/{item}"), json!({}))
            .await;
    }
    assert!(sources[1].remove_item(films[0].1[1]));
    sources[1].set_available(true).await.expect("it starts");
    all_played(&sources, &films[1].1).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
    assert_eq!(ann.named(&films[0].0).await["UserData"]["Played"], true);
}

both_gateways!(
    what_a_proxy_does_not_know_is_told_when_its_server_is_back,
    behind_a_proxy
);

async fn behind_a_proxy(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    // It says that it is there, and knows nothing else.
    sources[1].set_fault(Some(Fault::Behind(Proxy::Status(404))));
    play(&ann, &name).await;
    all_played(&sources[..1], &ids[..1]).await;
    eventually("it waits, and says why", async || {
        reasons(&ann).await == ["what answers there is no Jellyfin server"]
    })
    .await;
    sources[1].set_fault(None);
    all_played(&sources, &ids).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
}

both_gateways!(what_was_gone_and_came_back_is_filled, came_back);

async fn came_back(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let nobody_sees = Access {
        hidden_libraries: vec!["Films".to_owned()],
        ..Access::default()
    };
    // The account sees nothing there any more, and the gateway has not heard of it yet.
    assert!(sources[1].set_access(ALICE, nobody_sees));
    play(&ann, &name).await;
    all_played(&sources[..1], &ids[..1]).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
    assert!(!played(&sources[1], ids[1]));
    assert!(sources[1].set_access(ALICE, Access::default()));
    gateway.sync_links(gateway.servers[1]).await;
    all_played(&sources, &ids).await;
}

both_gateways!(one_silence_postpones_all_that_waits, silence);

async fn silence(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let films: Vec<(String, Vec<UpstreamId>)> = (0..12).map(|at| film(&sources, at)).collect();
    let mut items = Vec::new();
    for (name, _) in &films {
        items.push(ann.id_of(name).await);
    }
    let basement = link(&gateway, 1).await;
    let fails = Fault::Behind(Proxy::Status(500));
    sources[1].set_fault(Some(fails));
    for item in &items {
        ann.post(&format!("/UserPlayedItems/{item}"), json!({}))
            .await;
    }
    for (_, ids) in &films {
        all_played(&sources[..1], &ids[..1]).await;
    }
    eventually("the other server's all wait", async || {
        waiting(&gateway).await == 12
    })
    .await;
    eventually("each failed", async || {
        reasons(&ann).await.iter().all(|reason| !reason.is_empty())
    })
    .await;
    sources[1].clear_seen();
    // All are due at once: the first that fail speak for the others.
    let db = gateway.app.accounts.db();
    let now = chrono::Utc::now().timestamp_millis();
    outbox::hurry(db, basement, now)
        .await
        .expect("they are due");
    eventually("they were tried", async || !sources[1].seen().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let seen = sources[1].seen();
    let told = seen.iter().filter(|seen| seen.path.contains("/UserData"));
    let told = told.count();
    assert!((1..12).contains(&told), "{told} were tried");
    assert_eq!(reasons(&ann).await.len(), 12);
    sources[1].set_fault(None);
    outbox::hurry(db, basement, chrono::Utc::now().timestamp_millis())
        .await
        .expect("they are due");
    for (_, ids) in &films {
        all_played(&sources, ids).await;
    }
}

both_gateways!(what_waited_before_an_account_was_shared_stays_here, shared);

async fn shared(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ben = gateway.add_user("ben", &[]).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    sources[1].set_available(false).await.expect("it stops");
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_played(&sources[..1], &ids[..1]).await;
    assert_eq!(waiting(&gateway).await, 1);
    // Another replica links ben to the same account.
    let db = gateway.app.accounts.db();
    let hers = links::by_id(db, link(&gateway, 1).await).await;
    let hers = hers.expect("it is read").expect("ann's link");
    let his = NewLink {
        user_id: ben.to_string(),
        server_id: hers.server_id,
        upstream_user_id: hers.upstream_user_id,
        username: hers.username,
        token: None,
        password: None,
        device_id: "his".into(),
        sign_in: false,
        state: "active".into(),
        state_reason: None,
        created_at: 1,
        updated_at: 1,
    };
    links::insert(db, &his).await.expect("he is linked");
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
    sources[1].set_available(true).await.expect("it starts");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!played(&sources[1], ids[1]));
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
}

both_gateways!(
    what_waits_for_a_server_that_is_not_there_waits_on,
    not_there
);

async fn not_there(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    // This replica has not heard of it yet.
    gateway.app.catalog.registry().remove(gateway.servers[1]);
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    all_played(&sources[..1], &ids[..1]).await;
    eventually("it waits for the server", async || {
        reasons(&ann).await == ["the server is not there"]
    })
    .await;
    let gateway = gateway.restart().await;
    all_played(&sources, &ids).await;
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
}

both_gateways!(a_use_that_cannot_be_noted_keeps_nobody_out, noted);

async fn noted(url: String) {
    let sources = sources(1, 4).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    sabotage::execute(&url, "UPDATE sessions SET last_seen_at = 1").await;
    sabotage::refuse(&url, "UPDATE", "sessions").await;
    // Nothing is remembered of her: she is read anew.
    let gateway = gateway.restart().await;
    let again = ann.at(&gateway.url);
    assert_eq!(again.get("/Users/Me").await["Name"], "ann");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(again.get("/Users/Me").await["Name"], "ann");
    let seen = async || {
        let sessions = gateway
            .app
            .accounts
            .sessions(&manyfin::accounts::Actor::Shell, None)
            .await;
        sessions.expect("sessions")[0]
            .last_seen_at
            .timestamp_millis()
    };
    assert_eq!(seen().await, 1);
    sabotage::allow(&url, "sessions").await;
    let gateway = gateway.restart().await;
    assert_eq!(ann.at(&gateway.url).get("/Users/Me").await["Name"], "ann");
    eventually("her visit is noted", async || {
        let sessions = gateway
            .app
            .accounts
            .sessions(&manyfin::accounts::Actor::Shell, None)
            .await;
        sessions.expect("sessions")[0]
            .last_seen_at
            .timestamp_millis()
            > 1
    })
    .await;
}

both_gateways!(players_report_odd_things, reports);

async fn reports(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    let shown = async || ann.named(&name).await["UserData"].clone();
    let untouched = shown().await;

    // A player that failed tells nothing of how far anybody watched; a sign of life neither.
    let failed = json!({ "ItemId": id, "PositionTicks": 30 * MINUTE, "Failed": true });
    ann.post("/Sessions/Playing/Stopped", failed).await;
    let ping = json!({
        "query": "mutation($report: JSON!) { reportPlayback(event: PING, report: $report) }",
        "variables": { "report": { "ItemId": id, "PositionTicks": 30 * MINUTE } },
    });
    assert_eq!(
        ann.post("/graphql", ping).await["data"]["reportPlayback"],
        true
    );
    // Neither does one about what nobody knows.
    let unknown = json!({ "ItemId": "0123456789abcdef0123456789abcdef", "PositionTicks": MINUTE });
    ann.post("/Sessions/Playing/Stopped", unknown).await;
    assert_eq!(shown().await, untouched);

    // What was watched counts although every server died meanwhile.
    for (source, server) in sources.iter().zip(&gateway.servers) {
        source.set_available(false).await.expect("it stops");
        let server = gateway
            .app
            .catalog
            .registry()
            .get(*server)
            .expect("it is registered");
        eventually("it is known to be away", async || {
            server.check().await;
            !server.status().is_online()
        })
        .await;
    }
    let stopped = json!({ "ItemId": id, "PositionTicks": 30 * MINUTE });
    ann.post("/Sessions/Playing/Stopped", stopped).await;
    assert_eq!(shown().await["PlaybackPositionTicks"], 30 * MINUTE);

    // A report that cannot be kept is not taken.
    sabotage::hide(&url, "play_choices").await;
    let further = json!({ "ItemId": id, "PositionTicks": 40 * MINUTE });
    let (status, _) = ann
        .ask(
            reqwest::Method::POST,
            "/Sessions/Playing/Stopped",
            Some(further.clone()),
        )
        .await;
    assert_eq!(status, 500);
    assert_eq!(shown().await["PlaybackPositionTicks"], 30 * MINUTE);
    sabotage::bring_back(&url, "play_choices").await;
    ann.post("/Sessions/Playing/Stopped", further).await;
    for source in &sources {
        source.set_available(true).await.expect("it starts");
    }
    eventually("every server is told", async || {
        let mut here = sources.iter().zip(&ids);
        here.all(|(source, id)| source.user_data(ALICE, *id) == Some((false, 40 * MINUTE, false)))
    })
    .await;
}

both_gateways!(names_and_libraries_are_marked_here_alone, names);

async fn names(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_user("ben", &gateway.servers[..1]).await;
    let (ann, ben) = (gateway.sign_in("ann").await, gateway.sign_in("ben").await);
    let genre = ann.get("/Genres?enableUserData=true").await["Items"][0].clone();
    let id = genre["Id"].as_str().expect("an id").to_owned();
    let marked = ann
        .post(&format!("/UserFavoriteItems/{id}"), json!({}))
        .await;
    assert_eq!(marked["IsFavorite"], true);
    // Played is nothing that a genre can be.
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    let of = async |who: &Client| who.get(&format!("/UserItems/{id}/UserData")).await;
    assert_eq!(of(&ann).await["IsFavorite"], true);
    assert_ne!(of(&ann).await["Played"], true);
    assert_ne!(of(&ben).await["IsFavorite"], true);

    // A library keeps nothing, and nothing in it is played by it.
    let views = ann.get("/UserViews").await;
    let view = views["Items"][0]["Id"].as_str().expect("an id").to_owned();
    let (status, _) = ann
        .ask(
            reqwest::Method::POST,
            &format!("/UserPlayedItems/{view}"),
            None,
        )
        .await;
    assert!(status < 500, "{status}");
    let all = ann
        .get("/Items?recursive=true&includeItemTypes=Movie&enableUserData=true")
        .await;
    let all = all["Items"].as_array().expect("a list").clone();
    assert!(
        all.iter()
            .all(|item: &Value| item["UserData"]["Played"] == false)
    );
    assert_eq!(waiting(&gateway).await, 0, "no server is told of any of it");
    let gateway = gateway.restart().await;
    let ann = ann.at(&gateway.url);
    assert_eq!(of(&ann).await["IsFavorite"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_meanwhile_tells_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 4).await;
    let gateway = Gateway::over(&url, &sources).await;
    let links = gateway.app.accounts.all_links().await.expect("links");
    let (user, known) = links[0].clone();
    let stranger = manyfin::accounts::Link {
        server_id: 999,
        ..known.clone()
    };
    let told = manyfin::catalog::watch::Told {
        played: true,
        ..manyfin::catalog::watch::Told::default()
    };
    let (name, ids) = film(&sources, 0);
    let seen = [manyfin::catalog::watch::Seen {
        upstream_id: ids[0],
        asked_at: chrono::Utc::now().timestamp_millis(),
        told,
    }];
    let ann = gateway.sign_in("ann").await;
    for (link, played) in [(&stranger, false), (&known, true)] {
        let taken = gateway
            .app
            .catalog
            .take_in(user, std::slice::from_ref(&known), link, &seen)
            .await;
        taken.expect("it is taken");
        assert_eq!(ann.named(&name).await["UserData"]["Played"], played);
    }
}
