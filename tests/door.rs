//! Safety at the door: what strangers may send, how often, and from which pages.

mod documents;
mod requests;
mod strangers;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// A gateway behind a proxy on this machine, with `ann` and the administrator `root`.
struct Door {
    app: TestApp,
    http: Client,
}

impl Door {
    async fn new(requests_per_minute: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = format!("sqlite://{}/test.db", folder.keep().display());
        let app = TestApp::start_with(&url, |config| {
            let proxy = "127.0.0.1/32".parse().expect("a network");
            config.trusted_proxies = vec![proxy];
            config.requests_per_minute = requests_per_minute;
        })
        .await;
        app.add_user("ann", "ann-pw", false, &[]).await;
        app.add_user("root", "root-pw", true, &[]).await;
        Self {
            app,
            http: Client::new(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.app.url))
    }

    /// A sign-in from this address, by this device.
    async fn sign_in(&self, from: &str, device: &str, password: &str) -> StatusCode {
        let said = format!(
            "MediaBrowser Client=\"T\", Device=\"T\", DeviceId=\"{device}\", Version=\"1\""
        );
        let answer = self
            .request(Method::POST, "/Users/AuthenticateByName")
            .header("Authorization", said)
            .header("X-Forwarded-For", from)
            .json(&json!({ "Username": "ann", "Pw": password }))
            .send()
            .await;
        answer.expect("an answer").status()
    }

    async fn graphql(&self, body: &Value) -> (StatusCode, Value) {
        let request = self.request(Method::POST, "/graphql").json(body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn code(&self, query: &str) -> String {
        let (_, answer) = self.graphql(&json!({ "query": query })).await;
        assert_eq!(answer["data"], Value::Null, "{answer}");
        let code = &answer["errors"][0]["extensions"]["code"];
        code.as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_locks_out_who_was_here_before() {
    let door = Door::new(0).await;
    let (home, elsewhere, third) = ("203.0.113.7", "198.51.100.1", "192.0.2.1");
    assert_eq!(door.sign_in(home, "tv", "ann-pw").await, StatusCode::OK);
    let mut refused = 0;
    for _ in 0..40 {
        match door.sign_in(elsewhere, "x", "wrong").await {
            StatusCode::UNAUTHORIZED => {}
            StatusCode::TOO_MANY_REQUESTS => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 20, "only {refused} were refused");
    // By the account too: another address does not help.
    let other = door.sign_in(third, "x", "wrong").await;
    assert_eq!(other, StatusCode::TOO_MANY_REQUESTS);
    // The owner comes in from home, and with the television from anywhere.
    assert_eq!(door.sign_in(home, "phone", "ann-pw").await, StatusCode::OK);
    assert_eq!(door.sign_in(third, "tv", "ann-pw").await, StatusCode::OK);
    // An address that is only claimed to be home is not believed behind the proxy's back.
    let claimed = format!("{home}, 192.0.2.99");
    let forged = door.sign_in(&claimed, "y", "wrong").await;
    assert_eq!(forged, StatusCode::TOO_MANY_REQUESTS);
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.expect("an answer").status()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_waits() {
    // Twenty at once, one a second.
    let door = Door::new(60).await;
    let token = door.app.sign_in("ann", "ann-pw").await;
    let ask = |from: &str, token: &str| {
        let request = door.request(Method::GET, "/System/Info/Public");
        let request = request.header("X-Forwarded-For", from);
        match token {
            "" => request,
            token => request.header("Authorization", format!("MediaBrowser Token={token}")),
        }
    };
    let mut late: Option<Response> = None;
    for _ in 0..40 {
        let answer = ask("203.0.113.7", "").send().await.expect("an answer");
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            late = Some(answer);
        }
    }
    let late = late.expect("some were too many");
    let wait = late.headers()["retry-after"].to_str().expect("digits");
    assert!(wait.parse::<u64>().is_ok_and(|wait| wait >= 1), "{wait}");
    assert_eq!(status(ask("203.0.113.8", "")).await, StatusCode::OK);

    // One account from many addresses.
    let mut refused = 0;
    for number in 0..60 {
        let from = format!("198.51.100.{number}");
        if status(ask(&from, &token)).await == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
        }
    }
    assert!(refused > 20, "only {refused} were refused");
    // What comes from this machine is not counted.
    for _ in 0..60 {
        let request = door.request(Method::GET, "/System/Info/Public");
        assert_eq!(status(request).await, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_bounded_in_every_direction() {
    let door = Door::new(0).await;
    let aliases: String = (0..200).map(|at| format!("a{at}: __typename ")).collect();
    assert_eq!(door.code(&format!("{{ {aliases} }}")).await, "TOO_COMPLEX");
    let tokens = "__typename ".repeat(5_000);
    assert_eq!(door.code(&format!("{{ {tokens} }}")).await, "TOO_COMPLEX");
    let mut deep = "id".to_owned();
    for _ in 0..30 {
        deep = format!("parent {{ {deep} }}");
    }
    let deep = format!("{{ item(id: \"{}\") {{ {deep} }} }}", "0".repeat(32));
    assert_ne!(door.code(&deep).await, "");
    let wide = "{ items(first: 1000) { nodes { children(first: 1000) { nodes { id } } } } }";
    assert_ne!(door.code(wide).await, "");

    let batch = vec![json!({ "query": "{ __typename }" }); 11];
    let (status, answer) = door.graphql(&json!(batch)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let (status, _) = door.graphql(&json!(batch[..10])).await;
    assert_eq!(status, StatusCode::OK);
    let long = "#".repeat(1_100_000) + "\n{ __typename }";
    let (status, _) = door.graphql(&json!({ "query": long })).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn mutations_come_by_json_post_alone() {
    let door = Door::new(0).await;
    let token = door.app.sign_in("ann", "ann-pw").await;
    let mutation = "mutation { signOut }";
    let with = |request: RequestBuilder| {
        let token = format!("MediaBrowser Token={token}");
        request.header("Authorization", token)
    };
    let by_get = door.request(Method::GET, "/graphql?query=mutation%20%7B%20signOut%20%7D");
    assert_eq!(status(with(by_get)).await, StatusCode::METHOD_NOT_ALLOWED);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let body = json!({ "query": mutation }).to_string();
        let request = door.request(Method::POST, "/graphql");
        let request = request.header("Content-Type", kind).body(body);
        let refused = status(with(request)).await;
        assert_eq!(refused, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let me = with(door.request(Method::GET, "/Users/Me"));
    assert_eq!(status(me).await, StatusCode::OK, "nobody was signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_reach_jellyfins_routes_alone() {
    let door = Door::new(0).await;
    let origin = "https://app.example.org";
    for path in [
        "/System/Info/Public",
        "/Items",
        "/Videos/x/stream",
        "/Items/x/Images/Primary",
    ] {
        let request = door.request(Method::GET, path).header("Origin", origin);
        let answer = request.send().await.expect("an answer");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let asked = door.request(Method::OPTIONS, path).header("Origin", origin);
        let asked = asked.header("Access-Control-Request-Method", "GET");
        let asked = asked.header("Access-Control-Request-Headers", "authorization");
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(
            answer.headers()["access-control-allow-headers"],
            "authorization"
        );
    }
    for path in ["/graphql", "/graphql/stream"] {
        let request = door.request(Method::POST, path).header("Origin", origin);
        let request = request.json(&json!({ "query": "{ __typename }" }));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_trimmed_short_and_printable() {
    let door = Door::new(0).await;
    let token = door.app.sign_in("root", "root-pw").await;
    let make = async |name: &str| {
        let query =
            "mutation($name: String!) { createUser(name: $name, password: \"pw\") { name } }";
        let body = json!({ "query": query, "variables": { "name": name } });
        let request = door.request(Method::POST, "/graphql").bearer_auth(&token);
        let answer = request.json(&body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let made = make("  Bea \t").await;
    assert_eq!(made["data"]["createUser"]["name"], "Bea", "{made}");
    let unseen = "\u{ad}\u{61c}\u{2028}\u{2029}\u{3164}\u{2800}\u{fff9}\u{e0041}\u{180e}\u{34f}\u{115f}\u{200d}";
    let hidden = unseen.chars().map(|sign| format!("an{sign}n"));
    let alone = unseen.chars().map(String::from);
    let bad = ["", "   ", "a\u{0}b", "a\nb", "a\u{202e}b", "a\u{fe0f}"].map(str::to_owned);
    let bad = bad.into_iter().chain(["x".repeat(65)]);
    for bad in bad.chain(hidden).chain(alone) {
        let refused = make(&bad).await;
        let error = &refused["errors"][0]["extensions"];
        assert_eq!(error["code"], "BAD_INPUT", "{bad:?}: {refused}");
        assert_eq!(error["field"], "name", "{refused}");
    }
    // A picture in colours is one sign of two.
    let made = make("\u{2764}\u{fe0f} Zoë").await;
    assert!(made["errors"].is_null(), "{made}");
    // Case, width and spaces make no other name.
    let taken = make("ｂｅａ").await;
    assert!(taken["errors"][0].is_object(), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_the_address_that_they_asked() {
    let door = Door::new(0).await;
    let told = async |headers: &[(&str, &str)]| {
        let mut request = door.request(Method::GET, "/System/Info/Public");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let info: Value = answer.json().await.expect("JSON");
        info["LocalAddress"]
            .as_str()
            .expect("an address")
            .to_owned()
    };
    assert_eq!(told(&[]).await, door.app.url);
    let named = [
        ("Host", "films.example.org:8443"),
        ("X-Forwarded-Proto", "https"),
    ];
    assert_eq!(told(&named).await, "https://films.example.org:8443");
    // What is no host comes back to nobody.
    let odd = told(&[("Host", "a@b/c?d")]).await;
    assert_eq!(odd, door.app.url);
}
