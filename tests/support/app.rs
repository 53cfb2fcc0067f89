//! The real gateway over a real socket, with demo servers behind it.

use manyfin::accounts::{
    Actor, AddServer, Credentials, NewLibrary, NewUser, OnServer, Owner, PasswordCost, SourceInput,
};
use manyfin::app::{App, Tuning};
use manyfin::catalog::sync::CrawlKind;
use manyfin::config::{CollectionType, Config, DedupStrategy, SourcePolicy};
use manyfin::demo::DemoServer;
use manyfin::jellyfin::TlsTrust;
use manyfin::model::{PublicId, Secret};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A gateway that listens. It ends when it is dropped.
pub struct TestApp {
    pub app: App,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Data and key; kept while the gateway lives.
    _folder: tempfile::TempDir,
    listener: tokio::task::JoinHandle<()>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl TestApp {
    /// Starts on a migrated database; nothing is in it yet.
    pub async fn start(database_url: &str) -> Self {
        Self::start_with(database_url, |_| {}).await
    }

    /// The same, with a configuration of the test's own.
    pub async fn start_with(database_url: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("an address");
        let mut config = Config {
            bind: address,
            data_dir: folder.path().to_path_buf(),
            database_url: Secret::new(database_url),
            secret_key_file: folder.path().join("secret.key"),
            ..Config::default()
        };
        change(&mut config);
        let tuning = Tuning {
            password_cost: PasswordCost::Cheap,
            ..Tuning::default()
        };
        let app = App::start(&config, tuning)
            .await
            .expect("the gateway starts");
        let (router, crowd) = (app.router(), app.crowd());
        let listener = tokio::spawn(async move {
            manyfin::server::serve(listener, router, crowd, std::future::pending()).await;
        });
        Self {
            app,
            url: format!("http://{address}"),
            _folder: folder,
            listener,
        }
    }

    /// Starts on an SQLite file of its own.
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir()
            .expect("a temporary folder can be made")
            .keep();
        Self::start(&format!("sqlite://{}/test.db", folder.display())).await
    }

    /// Adds a demo server, crawled by this account of it, to the end. Gives its row.
    pub async fn add_server(&self, demo: &DemoServer, name: &str, crawler: (&str, &str)) -> i64 {
        let add = AddServer {
            name: name.to_owned(),
            url: demo.url(),
            tls: TlsTrust::default(),
            credentials: password(crawler),
            link_me: false,
            force: false,
            take_key: None,
            config_key: None,
        };
        let added = self.app.accounts.add_server(&Actor::Shell, add).await;
        let row = added.expect("the server is added");
        self.crawl(row.id).await;
        row.id
    }

    /// Crawls a server to the end.
    pub async fn crawl(&self, server: i64) {
        let crawled = self.app.sync.crawl(server, CrawlKind::Full).await;
        crawled.expect("the server is crawled");
    }

    /// Makes a user with links (server, account there); what they may see is known afterwards.
    pub async fn add_user(
        &self,
        name: &str,
        word: &str,
        is_administrator: bool,
        links: &[(i64, (&str, &str))],
    ) -> PublicId {
        let accounts = &self.app.accounts;
        let new = NewUser {
            name: name.to_owned(),
            password: Some(Secret::new(word)),
            is_administrator,
            config_key: None,
        };
        let user = accounts
            .create_user(&Actor::Shell, new)
            .await
            .expect("the user is made");
        for (server, account) in links {
            let link = accounts
                .link_account(&Actor::Shell, user.id, *server, password(*account), false)
                .await
                .expect("the account is linked");
            self.app
                .sync
                .link_added(link.id)
                .await
                .expect("the link sees its part");
        }
        user.id
    }

    /// Makes a merged library for everybody, of sources (server's name, library, priority).
    pub async fn add_library(
        &self,
        name: &str,
        collection_type: CollectionType,
        sources: &[(&str, &str, i32)],
    ) -> PublicId {
        let new = NewLibrary {
            name: name.to_owned(),
            collection_type,
            dedup_strategy: DedupStrategy::ProviderIds,
            source_policy: SourcePolicy::Priority,
            owner: Owner::Everybody,
            sources: sources
                .iter()
                .map(|(server, library, priority)| SourceInput {
                    server: OnServer::Name((*server).to_owned()),
                    library: (*library).to_owned(),
                    priority: *priority,
                })
                .collect(),
            config_key: None,
        };
        let library = self.app.accounts.create_library(&Actor::Shell, new).await;
        // The catalog hears of it by itself too, but whoever asks at once may be faster.
        let read = self.app.catalog.store().reload_configuration().await;
        read.expect("the catalog reads it");
        library
            .expect("the library is made")
            .row
            .virtual_id
            .parse()
            .expect("an id")
    }

    /// Signs in; gives the token.
    pub async fn sign_in(&self, name: &str, word: &str) -> String {
        let device = format!(
            "MediaBrowser Client=\"Test\", Device=\"Test\", DeviceId=\"test-{name}\", Version=\"1\""
        );
        let answer = reqwest::Client::new()
            .post(format!("{}/Users/AuthenticateByName", self.url))
            .header("Authorization", device)
            .json(&json!({ "Username": name, "Pw": word }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{name} signs in");
        let body: Value = answer.json().await.expect("JSON");
        body["AccessToken"].as_str().expect("a token").to_owned()
    }

    /// Asks for JSON; panics on any other status than 200.
    pub async fn get(&self, token: &str, path: &str) -> Value {
        let answer = reqwest::Client::new()
            .get(format!("{}{path}", self.url))
            .header("Authorization", format!("MediaBrowser Token=\"{token}\""))
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

fn password((username, password): (&str, &str)) -> Credentials {
    Credentials::Password {
        username: username.to_owned(),
        password: Secret::new(password),
    }
}
