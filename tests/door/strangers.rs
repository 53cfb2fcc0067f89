//! What those without rights can learn or use up.

use std::time::{Duration, Instant};

use manyfin::demo::{DemoServer, DemoSpec};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Door, status};

/// A door with `attic` behind it, which `ann` is not linked to.
async fn over(films: usize) -> (Door, DemoServer, i64) {
    let door = Door::new(0).await;
    let spec = DemoSpec::films("Attic", films, 0);
    let demo = DemoServer::start(spec).await.expect("a source starts");
    let server = door
        .app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    (door, demo, server)
}

/// The code of the first error of what a user asks for; empty where there is none.
async fn refusal(door: &Door, token: &str, query: &str, variables: Value) -> (String, Value) {
    let body = json!({ "query": query, "variables": variables });
    let request = door.request(Method::POST, "/graphql").bearer_auth(token);
    let answer = request.json(&body).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    let error = answer["errors"][0].clone();
    let code = error["extensions"]["code"].as_str().unwrap_or_default();
    (code.to_owned(), error)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_passwords_of_a_servers_accounts_through_a_link() {
    let (door, _demo, server) = over(2).await;
    door.app.add_user("ben", "ben-pw", false, &[]).await;
    let ann = door.app.sign_in("ann", "ann-pw").await;
    let ben = door.app.sign_in("ben", "ben-pw").await;
    let link = async |token: &str, username: &str, password: &str| {
        let query = "mutation($server: ID!, $username: String!, $password: String!) {
            linkAccount(serverId: $server, credentials: { password: { username: $username,
                password: $password } }) { id } }";
        let variables = json!({ "server": format!("server:{server}"), "username": username,
            "password": password });
        refusal(&door, token, query, variables).await.0
    };
    let mut refused = 0;
    for _ in 0..30 {
        match link(&ann, "bob", "wrong").await.as_str() {
            "BAD_INPUT" => {}
            "RATE_LIMITED" => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused >= 15, "only {refused} were refused");
    // Nor is the right one told from a wrong one now, in whatever case the name is written.
    assert_eq!(link(&ann, "BOB", "bob-pw").await, "RATE_LIMITED");
    // One's own account is another; many of them are not.
    assert_eq!(link(&ann, "alice", "alice-pw").await, "");
    let mut refused = 0;
    for number in 0..40 {
        let code = link(&ann, &format!("guess{number}"), "wrong").await;
        refused += usize::from(code == "RATE_LIMITED");
    }
    assert!(refused >= 8, "only {refused} were refused");
    // Others do not wait for it.
    assert_eq!(link(&ben, "bob", "bob-pw").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_servers_are_told_to_those_who_are_linked_alone() {
    let (door, _demo, server) = over(2).await;
    let ann = door.app.sign_in("ann", "ann-pw").await;
    let make = async |server: i64| {
        let query = "mutation($server: ID!) { createMergedLibrary(input: { name: \"Mine\",
            collectionType: MOVIES, isGlobal: false,
            sources: [{ serverId: $server, library: \"Films\", priority: 1 }] }) { id } }";
        let variables = json!({ "server": format!("server:{server}") });
        refusal(&door, &ann, query, variables).await
    };
    let ((code, known), (_, unknown)) = (make(server).await, make(server + 90).await);
    assert_eq!(code, "BAD_INPUT", "{known}");
    assert_eq!(known["message"], unknown["message"]);
    assert_eq!(
        known["extensions"]["allowed"],
        unknown["extensions"]["allowed"]
    );
    assert!(
        !known.to_string().to_lowercase().contains("attic"),
        "{known}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_somebody_elses_is_none() {
    let (door, _demo, server) = over(2).await;
    let alice = (server, ("alice", "alice-pw"));
    door.app.add_user("ben", "ben-pw", false, &[alice]).await;
    let links = door.app.app.accounts.all_links().await.expect("links");
    let bens = links.last().expect("a link").1.id;
    let ann = door.app.sign_in("ann", "ann-pw").await;
    for query in [
        "mutation($id: ID!) { unlinkAccount(id: $id) }",
        "mutation($id: ID!) { setLinkSignsIn(id: $id, signsIn: true) { id } }",
    ] {
        let told = async |id: i64| {
            let (code, error) =
                refusal(&door, &ann, query, json!({ "id": format!("link:{id}") })).await;
            (code, error["message"].clone())
        };
        assert_eq!(told(bens).await.0, "NOT_FOUND");
        assert_eq!(told(bens).await, told(bens + 90).await);
    }
}

/// Reading every name of every copy takes a hundred times as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_nothing_costs_nothing() {
    let (door, _demo, _) = over(1500).await;
    let mut best = Duration::MAX;
    for number in 0..20 {
        let path = format!("/Items/{number:032x}/Images/Primary");
        let started = Instant::now();
        let answer = status(door.request(Method::GET, &path)).await;
        best = best.min(started.elapsed());
        assert_eq!(answer, StatusCode::NOT_FOUND);
    }
    assert!(best < Duration::from_millis(20), "{best:?}");
}
