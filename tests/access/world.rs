//! One server of films, shows and music, and people with different rights to it.

use std::time::Duration;

use manyfin::config::CollectionType;
use manyfin::demo::{Access, DemoServer, DemoSpec, NewItem, demo_sources};
use manyfin::model::PublicId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// Bytes of an answer that are looked at.
const MOST: usize = 4 << 20;

/// Who asks, from the least rights to the most, as the tables have them in columns; the password is the name.
pub const CALLERS: [&str; 4] = ["nobody", "stranger", "ann", "root"];

/// See the module.
pub struct World {
    pub app: TestApp,
    pub demo: DemoServer,
    pub server: i64,
    /// The merged library of films.
    pub films: String,
    http: reqwest::Client,
    /// At another address: what was shown to those with a token is no right there.
    elsewhere: reqwest::Client,
}

fn client(address: &str) -> reqwest::Client {
    let address: std::net::IpAddr = address.parse().expect("an address");
    reqwest::Client::builder()
        .local_address(address)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

/// An answer as far as these tests look at it.
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

impl World {
    /// With `ann`, who sees everything there, `stranger`, who has no link, and `root`, an administrator
    /// who sees everything too.
    pub async fn new() -> Self {
        Self::over(TestApp::on_sqlite().await).await
    }

    /// The same, on a database of the test's own.
    pub async fn on(database_url: &str) -> Self {
        Self::over(TestApp::start(database_url).await).await
    }

    async fn over(app: TestApp) -> Self {
        let spec: DemoSpec = demo_sources(1, 60).remove(0);
        let demo = DemoServer::start(spec).await.expect("a source starts");
        let crawler = ("crawler", "crawler-pw");
        let server = app.add_server(&demo, "attic", crawler).await;
        let sources = [("attic", "Films", 10)];
        let films = app
            .add_library("Cinema", CollectionType::Movies, &sources)
            .await;
        app.crawl(server).await;
        app.add_user("ann", "ann", false, &[(server, ("alice", "alice-pw"))])
            .await;
        app.add_user("root", "root", true, &[(server, crawler)])
            .await;
        app.add_user("stranger", "stranger", false, &[]).await;
        Self {
            app,
            demo,
            server,
            films: films.to_string(),
            http: client("127.0.0.1"),
            elsewhere: client("127.0.0.2"),
        }
    }

    /// A user who is linked by bob's account, restricted so on the server.
    pub async fn restricted(&self, name: &str, access: Access) -> PublicId {
        assert!(self.demo.set_access("bob", access));
        let links = [(self.server, ("bob", "bob-pw"))];
        self.app.add_user(name, name, false, &links).await
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Answer {
        let http = match token {
            "" => &self.elsewhere,
            _ => &self.http,
        };
        let mut request = http.request(method, format!("{}{path}", self.app.url));
        if !token.is_empty() {
            let said = format!(
                "MediaBrowser Client=\"Walk\", Device=\"Walk\", DeviceId=\"walk\", Version=\"1\", Token=\"{token}\""
            );
            request = request.header("Authorization", said);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        // Films and event streams have no end worth waiting for.
        let mut bytes = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = answer.chunk().await {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MOST {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), read).await;
        Answer {
            status,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, token, None).await
    }

    /// A GraphQL operation's answer.
    pub async fn graphql(&self, token: &str, query: &str) -> Value {
        let body = json!({ "query": query });
        self.ask(Method::POST, "/graphql", token, Some(body))
            .await
            .json()
    }

    /// Ends the session of this token.
    pub async fn sign_out(&self, token: &str) {
        let told = self.graphql(token, "mutation { signOut }").await;
        assert_eq!(told["data"]["signOut"], true, "{told}");
    }

    /// Takes a user's rights as an administrator.
    pub async fn demote(&self, user: PublicId) {
        let query = format!(
            "mutation {{ setAdministrator(id: \"{user}\", isAdministrator: false) {{ id }} }}"
        );
        let root = self.app.sign_in("root", "root").await;
        let told = self.graphql(&root, &query).await;
        assert_eq!(told["errors"], Value::Null, "{told}");
    }

    /// A new token of one of [`CALLERS`]; nobody's is empty.
    pub async fn token_of(&self, caller: usize) -> String {
        match caller {
            0 => String::new(),
            _ => self.app.sign_in(CALLERS[caller], CALLERS[caller]).await,
        }
    }

    /// One of each of them.
    pub async fn tokens(&self) -> [String; CALLERS.len()] {
        let mut tokens = [const { String::new() }; CALLERS.len()];
        for (caller, token) in tokens.iter_mut().enumerate() {
            *token = self.token_of(caller).await;
        }
        tokens
    }

    /// Something that everybody who sees the films learns of.
    pub async fn add_film(&self, number: usize) {
        let film = NewItem::Film(number);
        self.demo.add_item(film).expect("it is added");
        self.app.crawl(self.server).await;
    }

    /// All items of a kind that this token's user sees.
    pub async fn items(&self, token: &str, kind: &str) -> Vec<Value> {
        let path = format!(
            "/Items?recursive=true&includeItemTypes={kind}&fields=People,Genres,Studios,Tags,MediaSources"
        );
        let answer = self.get(&path, token).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["Items"].as_array().expect("a list").clone()
    }
}

/// A field that is a text.
pub fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {value}"))
        .to_owned()
}
