//! A gateway over demo sources of films that can be started again on the same database.

use std::time::Duration;

use manyfin::accounts::{
    Actor, AddServer, Credentials, NewLibrary, NewUser, OnServer, Owner, PasswordCost, SourceInput,
};
use manyfin::app::demo::in_folder;
use manyfin::app::{App, Tuning};
use manyfin::catalog::sync::CrawlKind;
use manyfin::config::{CollectionType, DedupStrategy, SourcePolicy};
use manyfin::db::bodies::{self, BodyRow};
use manyfin::demo::{DemoServer, DemoSpec};
use manyfin::jellyfin::{Limits, TlsTrust};
use manyfin::model::{ItemKind, PublicId, Secret, UpstreamId};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::postgres;

/// The account on every source that `ann` is linked by.
pub const ALICE: &str = "alice";

/// `both_gateways!(name, test)`: the tests `name::sqlite` and `name::postgres`, each with the address
/// of an empty database.
macro_rules! both_gateways {
    ($name:ident, $test:path) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                $test(format!("sqlite://{}/test.db", folder.path().display())).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                $crate::support::gateway::on_postgres(|url| $test(url)).await;
            }
        }
    };
}

/// Runs a test with an empty PostgreSQL database.
pub async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    let url = postgres::create_database().await;
    test(url.clone()).await;
    postgres::drop_database(&url).await;
}

/// `count` sources with the same films.
pub async fn sources(count: usize, films: usize) -> Vec<DemoServer> {
    let mut sources = Vec::new();
    for name in ["Attic", "Basement", "Cottage"].into_iter().take(count) {
        let source = DemoServer::start(DemoSpec::films(name, films, 0)).await;
        sources.push(source.expect("a source starts"));
    }
    sources
}

/// The film with this number in the order of names, on every source.
pub fn film(sources: &[DemoServer], number: usize) -> (String, Vec<UpstreamId>) {
    let first = sources[0].items(ItemKind::Movie)[number];
    let name = sources[0].item_name(first).expect("a film has a name");
    let ids = sources.iter().map(|source| {
        let films = source.items(ItemKind::Movie);
        let found = films
            .into_iter()
            .find(|id| source.item_name(*id).as_deref() == Some(name.as_str()));
        found.expect("every source has it")
    });
    let ids = ids.collect();
    (name, ids)
}

/// See the module.
pub struct Gateway {
    pub app: App,
    pub url: String,
    /// Of the sources, in their order.
    pub servers: Vec<i64>,
    database: String,
    folder: tempfile::TempDir,
    limits: Limits,
    listener: Listener,
}

/// Ends with what it is held by.
struct Listener(tokio::task::JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Quick to notice that a server is back; else as in real life.
pub fn limits() -> Limits {
    Limits {
        probe_offline: Duration::from_millis(200),
        ejection: Duration::from_millis(300),
        max_ejection: Duration::from_millis(600),
        backoff: Duration::from_millis(20),
        ..Limits::default()
    }
}

async fn start(
    database: &str,
    folder: &std::path::Path,
    limits: Limits,
) -> (App, String, Listener) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("an address");
    let mut config = in_folder(folder, address);
    config.database_url = manyfin::config::Secret::new(database.to_owned());
    let tuning = Tuning {
        password_cost: PasswordCost::Cheap,
        limits: Some(limits),
        ..Tuning::default()
    };
    let app = App::start(&config, tuning)
        .await
        .expect("the gateway starts");
    let (router, crowd) = (app.router(), app.crowd());
    let task = tokio::spawn(async move {
        manyfin::server::serve(listener, router, crowd, std::future::pending()).await;
    });
    (app, format!("http://{address}"), Listener(task))
}

impl Gateway {
    /// A gateway over nothing.
    pub async fn bare(database: &str) -> Self {
        Self::bare_within(database, limits()).await
    }

    async fn bare_within(database: &str, limits: Limits) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (app, url, listener) = start(database, folder.path(), limits.clone()).await;
        Self {
            app,
            url,
            servers: Vec::new(),
            database: database.to_owned(),
            folder,
            limits,
            listener,
        }
    }

    /// Adds a source and reads its libraries; gives its row.
    pub async fn add_source(&mut self, source: &DemoServer) -> i64 {
        let add = AddServer {
            name: source.name().to_owned(),
            url: source.url(),
            tls: TlsTrust::default(),
            credentials: login("crawler", "crawler-pw"),
            link_me: false,
            force: false,
            take_key: None,
            config_key: None,
        };
        let added = self.app.accounts.add_server(&Actor::System, add).await;
        let id = added.expect("the source is added").id;
        self.servers.push(id);
        let read = self.app.accounts.refresh_libraries(id).await;
        read.expect("its libraries are read");
        id
    }

    pub async fn remove_source(&mut self, row: i64) {
        let gone = self.app.accounts.remove_server(&Actor::System, row).await;
        gone.expect("the source is removed");
        self.servers.retain(|server| *server != row);
    }

    pub async fn add_library(&self, library: NewLibrary) {
        let made = self.app.accounts.create_library(&Actor::System, library);
        made.await.expect("the library is made");
        // The catalog hears of it by itself too, but whoever asks at once may be faster.
        let read = self.app.catalog.store().reload_configuration().await;
        read.expect("the catalog reads it");
    }

    /// Crawls the sources to the end, merges their films (the last source leads), and links `ann` to
    /// all of them.
    pub async fn over(database: &str, sources: &[DemoServer]) -> Self {
        Self::over_within(database, sources, limits()).await
    }

    /// The same, with limits of the test's own.
    pub async fn over_within(database: &str, sources: &[DemoServer], limits: Limits) -> Self {
        let mut gateway = Self::bare_within(database, limits).await;
        for source in sources {
            gateway.add_source(source).await;
        }
        let films = NewLibrary {
            name: "Films".to_owned(),
            collection_type: CollectionType::Movies,
            dedup_strategy: DedupStrategy::ProviderIds,
            source_policy: SourcePolicy::Priority,
            owner: Owner::Everybody,
            sources: sources
                .iter()
                .enumerate()
                .map(|(at, source)| SourceInput {
                    server: OnServer::Name(source.name().to_owned()),
                    library: source.library_id("Films").expect("films").to_string(),
                    priority: at as i32,
                })
                .collect(),
            config_key: None,
        };
        gateway.add_library(films).await;
        gateway.crawl().await;
        let servers = gateway.servers.clone();
        gateway.add_user("ann", &servers).await;
        gateway
    }

    /// Ends everything and starts again on the same database.
    pub async fn restart(self) -> Self {
        let database = self.database.clone();
        self.restart_on(&database).await
    }

    /// The same, on another database.
    pub async fn restart_on(self, database: &str) -> Self {
        let Self {
            app,
            servers,
            folder,
            limits,
            listener,
            ..
        } = self;
        drop(listener);
        app.stop().await;
        let (app, url, listener) = start(database, folder.path(), limits.clone()).await;
        Self {
            app,
            url,
            servers,
            database: database.to_owned(),
            folder,
            limits,
            listener,
        }
    }

    /// What it was started with.
    pub fn config(&self) -> manyfin::config::Config {
        let mut config = in_folder(
            self.folder.path(),
            "127.0.0.1:0".parse().expect("an address"),
        );
        config.database_url = manyfin::config::Secret::new(self.database.clone());
        config
    }

    /// Crawls every source to the end.
    pub async fn crawl(&self) {
        for server in &self.servers {
            self.crawl_one(*server).await;
        }
    }

    /// Crawls a source to the end.
    pub async fn crawl_one(&self, server: i64) {
        let crawled = self.app.sync.crawl(server, CrawlKind::Full).await;
        crawled.expect("the source is crawled");
    }

    /// Makes every body that was kept unreadable, as if none had been crawled yet.
    pub async fn chill(&self) {
        let catalog = &self.app.catalog;
        let snapshot = catalog.snapshot();
        let rows: Vec<i64> = snapshot.copies.iter().map(|copy| copy.row()).collect();
        let broken: Vec<BodyRow> = rows
            .iter()
            .map(|row| BodyRow {
                copy_id: *row,
                body: Vec::new(),
                fetched_at: 0,
            })
            .collect();
        let put = bodies::put(catalog.db(), &broken).await;
        put.expect("the bodies are replaced");
        catalog.hydrate().forget(&rows).await;
    }

    /// Makes a user (the password is the name) who is linked by alice's account on these servers.
    pub async fn add_user(&self, name: &str, servers: &[i64]) -> PublicId {
        let user = self.create(name, false).await;
        for server in servers {
            self.link(name, *server).await;
        }
        user
    }

    /// Makes an administrator without links; the password is the name.
    pub async fn add_administrator(&self, name: &str) -> PublicId {
        self.create(name, true).await
    }

    async fn create(&self, name: &str, is_administrator: bool) -> PublicId {
        let new = NewUser {
            name: name.to_owned(),
            password: Some(Secret::new(name)),
            is_administrator,
            config_key: None,
        };
        let user = self.app.accounts.create_user(&Actor::System, new).await;
        user.expect("the user is made").id
    }

    /// Links a user by alice's account.
    pub async fn link(&self, name: &str, server: i64) {
        let accounts = &self.app.accounts;
        let user = accounts.user_by_name(name).await.expect("users");
        let user = user.expect("the user is known").id;
        let login = login(ALICE, "alice-pw");
        let link = accounts
            .link_account(&Actor::System, user, server, login, false)
            .await
            .expect("the account is linked");
        let seen = self.app.sync.link_added(link.id).await;
        seen.expect("the link sees its part");
    }

    /// Takes a user's link away.
    pub async fn unlink(&self, name: &str, server: i64) {
        let accounts = &self.app.accounts;
        let user = accounts.user_by_name(name).await.expect("users");
        let user = user.expect("the user is known").id;
        let links = accounts.all_links().await.expect("links");
        let found = links
            .iter()
            .find(|(owner, link)| *owner == user && link.server_id == server);
        let (_, link) = found.expect("the user is linked");
        let gone = accounts.unlink(&Actor::System, link.id).await;
        gone.expect("the link goes");
    }

    /// Asks every link of the server what its user has there.
    pub async fn sync_links(&self, server: i64) {
        let links = self
            .app
            .accounts
            .all_links()
            .await
            .expect("the links are read");
        for (_, link) in links.iter().filter(|(_, link)| link.server_id == server) {
            let seen = self.app.sync.link_added(link.id).await;
            seen.expect("the link answers");
        }
    }

    /// Signs in; gives a caller.
    pub async fn sign_in(&self, name: &str) -> Client {
        let device = format!(
            "MediaBrowser Client=\"Test\", Device=\"Test\", DeviceId=\"test-{name}\", Version=\"1\""
        );
        let http = reqwest::Client::new();
        let answer = http
            .post(format!("{}/Users/AuthenticateByName", self.url))
            .header("Authorization", &device)
            .json(&json!({ "Username": name, "Pw": name }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{name} signs in");
        let body: Value = answer.json().await.expect("JSON");
        let token = body["AccessToken"].as_str().expect("a token");
        Client {
            http,
            url: self.url.clone(),
            authorization: format!("{device}, Token=\"{token}\""),
        }
    }
}

/// A signed-in Jellyfin client.
pub struct Client {
    http: reqwest::Client,
    pub url: String,
    pub authorization: String,
}

impl Client {
    /// The same client, of a gateway that was started again elsewhere.
    pub fn at(&self, url: &str) -> Self {
        Self {
            http: self.http.clone(),
            url: url.to_owned(),
            authorization: self.authorization.clone(),
        }
    }

    /// A request that says who asks.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.header("Authorization", &self.authorization)
    }

    /// Status and body; a body that is no JSON is null.
    pub async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Asks for bytes; gives status and bytes.
    pub async fn bytes(&self, path: &str, range: &str) -> (u16, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("Authorization", &self.authorization);
        let answer = request.header("Range", range).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.expect("the bytes");
        (status, bytes.to_vec())
    }

    /// The status of a request for the first bytes.
    pub async fn first_bytes(&self, path: &str) -> u16 {
        self.bytes(path, "bytes=0-99").await.0
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(reqwest::Method::POST, path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// The item with exactly this name.
    pub async fn named(&self, name: &str) -> Value {
        let all = self
            .get("/Items?recursive=true&includeItemTypes=Movie&enableUserData=true")
            .await;
        let items = all["Items"].as_array().expect("a list");
        let found = items.iter().find(|item| item["Name"] == name);
        found.unwrap_or_else(|| panic!("{name} is listed")).clone()
    }

    pub async fn id_of(&self, name: &str) -> String {
        let item = self.named(name).await;
        item["Id"].as_str().expect("an id").to_owned()
    }
}

/// Waits until it holds; panics when it does not within 20 seconds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still not so after 20 s: {what}");
}

fn login(username: &str, password: &str) -> Credentials {
    Credentials::Password {
        username: username.to_owned(),
        password: Secret::new(password),
    }
}
