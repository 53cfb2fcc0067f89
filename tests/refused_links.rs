//! Links whose server forgets a token, or refuses the account for a while.

use futures::future::join_all;
use manyfin::accounts::LinkState;
use manyfin::demo::{Access, DemoServer};
use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{ALICE, Client, Gateway, eventually, film, sources};
use crate::support::sabotage;

const LIST: &str = "/Items?recursive=true&includeItemTypes=Movie";

fn disabled() -> Access {
    Access {
        disabled: true,
        ..Access::default()
    }
}

fn sign_ins(source: &DemoServer) -> usize {
    let seen = source.seen();
    let paths = seen.iter().map(|seen| seen.path.as_str());
    paths
        .filter(|path| path.ends_with("AuthenticateByName"))
        .count()
}

async fn playback_info(client: &Client, id: &str) -> u16 {
    let path = format!("/Items/{id}/PlaybackInfo");
    client.ask(Method::POST, &path, Some(json!({}))).await.0
}

async fn films_seen(client: &Client) -> u64 {
    client.get(LIST).await["TotalRecordCount"]
        .as_u64()
        .expect("a count")
}

async fn is_refused(gateway: &Gateway) -> bool {
    let links = gateway.app.accounts.all_links().await.expect("links");
    links
        .iter()
        .all(|(_, link)| link.state != LinkState::Active)
}

async fn a_forgotten_token_breaks_nothing(database: String) {
    let sources = sources(1, 6).await;
    let (name, _) = film(&sources, 0);
    let gateway = Gateway::over(&database, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    let stream = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
    let details = format!("/Items/{id}?fields=Chapters");

    // Each kind of call, as the first one after the token was forgotten.
    sources[0].revoke_tokens(ALICE);
    assert_eq!(playback_info(&ann, &id).await, 200);
    sources[0].revoke_tokens(ALICE);
    assert_eq!(ann.first_bytes(&stream).await, 206);
    sources[0].revoke_tokens(ALICE);
    gateway.chill().await;
    assert!(ann.get(&details).await["Chapters"].is_array());
    sources[0].revoke_tokens(ALICE);
    let similar = ann.get(&format!("/Items/{id}/Similar")).await;
    assert!(similar["Items"].is_array());

    // Many at once are one sign-in.
    assert_eq!(playback_info(&ann, &id).await, 200);
    sources[0].revoke_tokens(ALICE);
    sources[0].clear_seen();
    let asked = join_all((0..12).map(|_| playback_info(&ann, &id))).await;
    assert_eq!(asked, [200; 12]);
    assert_eq!(sign_ins(&sources[0]), 1);
    assert_eq!(films_seen(&ann).await, 6);
}

both_gateways!(
    a_token_that_a_server_forgot_breaks_nothing,
    a_forgotten_token_breaks_nothing
);

async fn really_refused(database: String) {
    let sources = sources(1, 6).await;
    let (name, _) = film(&sources, 0);
    let gateway = Gateway::over(&database, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    sources[0].set_access(ALICE, disabled());
    sources[0].clear_seen();
    let asked = join_all((0..12).map(|_| playback_info(&ann, &id))).await;
    assert!(asked.iter().all(|status| *status >= 400), "{asked:?}");
    assert_eq!(sign_ins(&sources[0]), 1);
    assert!(is_refused(&gateway).await);
    eventually("ann sees nothing", async || films_seen(&ann).await == 0).await;
    assert_eq!(playback_info(&ann, &id).await, 404);
}

both_gateways!(
    an_account_that_is_refused_at_play_sees_nothing_from_then_on,
    really_refused
);

async fn a_passing_refusal(database: String) {
    let sources = sources(1, 6).await;
    let (name, _) = film(&sources, 0);
    let gateway = Gateway::over(&database, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    sources[0].set_access(ALICE, disabled());
    assert!(playback_info(&ann, &id).await >= 400);
    assert!(is_refused(&gateway).await);
    eventually("ann sees nothing", async || films_seen(&ann).await == 0).await;

    // Whatever stood before the server is mended, and the server is started again.
    sources[0].set_access(ALICE, Access::default());
    sources[0].set_available(false).await.expect("it stops");
    let server = gateway.app.accounts.registry().get(gateway.servers[0]);
    let server = server.expect("it is registered");
    eventually("it is noticed", async || !server.doubt().await.is_online()).await;
    assert_eq!(films_seen(&ann).await, 0);
    sources[0].set_available(true).await.expect("it starts");
    eventually("ann sees all again", async || films_seen(&ann).await == 6).await;
    assert_eq!(playback_info(&ann, &id).await, 200);
}

both_gateways!(
    a_link_that_was_refused_is_asked_again_when_its_server_is_back,
    a_passing_refusal
);

async fn not_written_down(database: String) {
    let sources = sources(1, 6).await;
    let (name, _) = film(&sources, 0);
    let gateway = Gateway::over(&database, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    sabotage::refuse(&database, "UPDATE", "account_links").await;
    sources[0].revoke_tokens(ALICE);
    sources[0].clear_seen();
    // A fresh token is had, and cannot be kept: the call fails as it did, and nothing is concluded.
    let status = playback_info(&ann, &id).await;
    assert!(status >= 400 && status != 401, "{status}");
    assert!(sign_ins(&sources[0]) > 0);
    assert!(!is_refused(&gateway).await);
    assert_eq!(films_seen(&ann).await, 6);
    sabotage::allow(&database, "account_links").await;
    assert_eq!(playback_info(&ann, &id).await, 200);
}

both_gateways!(
    a_token_that_cannot_be_kept_is_asked_for_again_by_the_next_call,
    not_written_down
);
