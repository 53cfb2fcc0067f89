//! The stable word of each refusal, as a caller of the API gets it.

use manyfin::demo::{DemoServer, DemoSpec};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::sabotage;

async fn ask(app: &TestApp, token: &str, query: &str) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("{}/graphql", app.url))
        .bearer_auth(token)
        .json(&json!({ "query": query }))
        .send();
    answer.await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_word() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let attic = DemoServer::start(DemoSpec::films("Attic", 2, 0))
        .await
        .unwrap();
    let cellar = DemoServer::start(DemoSpec::films("Cellar", 2, 0))
        .await
        .unwrap();
    let sign_in = |config: &mut manyfin::config::Config| {
        config.sign_in_servers = vec!["attic".into()];
    };
    let app = TestApp::start_with(&url, sign_in).await;
    let row = app
        .add_server(&attic, "attic", ("crawler", "crawler-pw"))
        .await;
    let links = [(row, ("alice", "alice-pw"))];
    let root = app.add_user("root", "root", true, &links);
    let root = root.await;
    let token = app.sign_in("root", "root").await;
    let server = |url: &str, password: &str| {
        format!(
            "mutation {{ addServer(input: {{ name: \"new\", url: \"{url}\", credentials: {{
                password: {{ username: \"crawler\", password: \"{password}\" }} }} }}) {{ id }} }}"
        )
    };
    let demote =
        format!("mutation {{ setAdministrator(id: \"{root}\", isAdministrator: false) {{ id }} }}");
    let sign_in = "mutation { signIn(username: \"alice@attic\", password: \"alice-pw\",
        device: { deviceId: \"d\", deviceName: \"d\", client: \"c\", version: \"1\" }) { token } }";
    let set_up = "mutation { completeSetup(token: \"t\", name: \"n\", password: \"p\") { id } }";
    for (query, code, reason) in [
        (demote, "CONFLICT", "LAST_ADMINISTRATOR"),
        (sign_in.to_owned(), "FORBIDDEN", "SIGN_IN_REFUSED"),
        (
            server(&attic.url(), "crawler-pw"),
            "CONFLICT",
            "DUPLICATE_SERVER",
        ),
        (
            server(&cellar.url(), "wrong"),
            "BAD_INPUT",
            "WRONG_UPSTREAM_CREDENTIALS",
        ),
        (set_up.to_owned(), "CONFLICT", "SET_UP_IS_OVER"),
    ] {
        let answer = ask(&app, &token, &query).await;
        let told = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&told["code"], &told["reason"]),
            (&json!(code), &json!(reason)),
            "{answer}"
        );
    }
    // Of a database that fails nothing is told but that.
    sabotage::refuse(&url, "INSERT", "users").await;
    let make = "mutation { createUser(name: \"ann\", password: \"long enough\") { id } }";
    let answer = ask(&app, &token, make).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "INTERNAL", "{answer}");
    assert_eq!(error["extensions"]["reason"], Value::Null);
    assert!(!answer.to_string().contains("users"), "{answer}");
}
