//! `manyfin demo`: sources, merged libraries and accounts in one process, in a temporary folder.

use std::net::SocketAddr;
use std::path::Path;

use super::{App, AppError, Tuning};
use crate::accounts::{
    Actor, AddServer, Credentials, NewLibrary, NewUser, OnServer, Owner, SourceInput,
};
use crate::catalog::sync::CrawlKind;
use crate::config::{CollectionType, Config, DedupStrategy, SourcePolicy};
use crate::demo::{Content, DemoServer, demo_sources};
use crate::jellyfin::TlsTrust;
use crate::model::{PublicId, Secret};

/// The demo's administrator and plain user: name, password.
pub const ADMINISTRATOR: (&str, &str) = ("admin", "admin");
pub const USER: (&str, &str) = ("alice", "alice");
/// The sources' accounts (`crate::demo`).
const CRAWLER: (&str, &str) = ("crawler", "crawler-pw");
const SOURCE_USER: (&str, &str) = ("alice", "alice-pw");

/// What `manyfin demo` takes.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    pub bind: SocketAddr,
    pub servers: usize,
    /// Further films on every source.
    pub movies: usize,
}

/// A running demo. Sources and gateway end when it is dropped.
pub struct Demo {
    pub app: App,
    pub sources: Vec<DemoServer>,
}

impl Demo {
    /// Starts the sources, and the gateway over a database in `folder`.
    ///
    /// # Errors
    /// When a socket or the folder cannot be used.
    pub async fn start(options: &DemoOptions, folder: &Path) -> Result<Self, AppError> {
        let mut sources = Vec::new();
        for spec in demo_sources(options.servers, options.movies) {
            let source = DemoServer::start(spec)
                .await
                .map_err(|error| AppError::Demo(error.to_string()))?;
            sources.push(source);
        }
        let app = App::start(&in_folder(folder, options.bind), Tuning::default()).await?;
        let demo = Self { app, sources };
        demo.fill().await?;
        Ok(demo)
    }

    async fn fill(&self) -> Result<(), AppError> {
        let accounts = &self.app.accounts;
        let administrator = self.user(ADMINISTRATOR, true).await?;
        let alice = self.user(USER, false).await?;
        for source in &self.sources {
            let server = accounts
                .add_server(
                    &Actor::System,
                    AddServer {
                        name: source.name().to_owned(),
                        url: source.url(),
                        tls: TlsTrust::System,
                        credentials: login(CRAWLER),
                        link_me: false,
                        force: false,
                        take_key: None,
                        config_key: None,
                    },
                )
                .await?;
            for (user, account) in [(administrator, CRAWLER), (alice, SOURCE_USER)] {
                accounts
                    .link_account(&Actor::System, user, server.id, login(account), false)
                    .await?;
            }
        }
        self.merge_libraries().await?;
        let crawls = self.app.catalog.registry().all();
        let crawls = crawls
            .iter()
            .map(|server| self.app.sync.crawl(server.id, CrawlKind::Full));
        for crawl in futures::future::join_all(crawls).await {
            if let Err(error) = crawl {
                tracing::warn!(%error, "a source was not crawled: {error}");
            }
        }
        for (_, link) in accounts.all_links().await? {
            if let Err(error) = self.app.sync.link_added(link.id).await {
                tracing::warn!(%error, "a link was not read: {error}");
            }
        }
        Ok(())
    }

    async fn user(
        &self,
        (name, password): (&str, &str),
        is_administrator: bool,
    ) -> Result<PublicId, AppError> {
        let user = NewUser {
            name: name.to_owned(),
            password: Some(Secret::new(password)),
            is_administrator,
            config_key: None,
        };
        Ok(self
            .app
            .accounts
            .create_user(&Actor::System, user)
            .await?
            .id)
    }

    /// Films, shows and music of all sources, the first source first.
    async fn merge_libraries(&self) -> Result<(), AppError> {
        let accounts = &self.app.accounts;
        for server in accounts.servers().await? {
            accounts.refresh_libraries(server.id).await?;
        }
        let libraries = accounts.source_libraries().await?;
        for (name, kind) in [
            ("Films", CollectionType::Movies),
            ("Shows", CollectionType::TvShows),
            ("Music", CollectionType::Music),
        ] {
            let own = libraries
                .iter()
                .filter(|library| library.collection_type.as_deref() == Some(kind.as_str()));
            let sources = own.enumerate().map(|(at, library)| SourceInput {
                server: OnServer::Id(library.server_id),
                library: library.library_id.clone(),
                priority: 100 - at as i32 * 10,
            });
            let library = NewLibrary {
                name: name.to_owned(),
                collection_type: kind,
                dedup_strategy: DedupStrategy::ProviderIds,
                source_policy: SourcePolicy::Priority,
                owner: Owner::Everybody,
                sources: sources.collect(),
                config_key: None,
            };
            accounts.create_library(&Actor::System, library).await?;
        }
        Ok(())
    }
}

/// A configuration that keeps everything in one folder.
pub fn in_folder(folder: &Path, bind: SocketAddr) -> Config {
    Config {
        bind,
        data_dir: folder.to_owned(),
        database_url: crate::config::Secret::new(format!(
            "sqlite://{}/manyfin.db",
            folder.display()
        )),
        secret_key_file: folder.join("secret.key"),
        ..Config::default()
    }
}

fn login((username, password): (&str, &str)) -> Credentials {
    Credentials::Password {
        username: username.to_owned(),
        password: Secret::new(password),
    }
}

/// Runs sources of plain films alone, for load runs and for trying a configuration of one's own.
///
/// # Errors
/// When a socket cannot be used.
pub async fn sources_only(servers: usize, films: usize) -> Result<(), AppError> {
    let mut running = Vec::new();
    for (number, mut spec) in demo_sources(servers, 0).into_iter().enumerate() {
        spec.content = Content::Films {
            count: films,
            offset: number * films / 2,
        };
        spec.delay = std::time::Duration::ZERO;
        let source = DemoServer::start(spec)
            .await
            .map_err(|error| AppError::Demo(error.to_string()))?;
        println!(
            "{}",
            serde_json::json!({
                "name": source.name(),
                "url": source.url(),
                "library": source.library_id("Films").map(|id| id.to_string()),
                "accounts": [CRAWLER, SOURCE_USER],
            })
        );
        running.push(source);
    }
    // A read waits on a thread of its own, so that the sources go on.
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop));
    ended
        .await
        .map_err(|error| AppError::Demo(error.to_string()))
}

/// Runs the demo until a signal says stop.
///
/// # Errors
/// When a socket or a temporary folder cannot be used.
pub async fn run(options: DemoOptions) -> Result<(), AppError> {
    let folder = std::env::temp_dir().join(format!("manyfin-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = run_in(&options, &folder).await;
    // What is left in a temporary folder is the system's to clean.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn run_in(options: &DemoOptions, folder: &Path) -> Result<(), AppError> {
    let listener = tokio::net::TcpListener::bind(options.bind)
        .await
        .map_err(|reason| AppError::Bind {
            address: options.bind,
            reason,
        })?;
    let address = listener.local_addr()?;
    let options = DemoOptions {
        bind: address,
        ..options.clone()
    };
    println!("Starting the demo …");
    let demo = Demo::start(&options, folder).await?;
    println!("{}", greeting(&demo, address));
    let switches = switch_by_name(&demo.sources);
    let served = demo.app.serve(listener, super::shutdown_signal());
    tokio::select! {
        _ = served => {}
        () = switches => {}
    }
    demo.app.stop().await;
    Ok(())
}

/// Reads names of sources from the terminal; each switches that source off or on. Never ends: without a
/// terminal nothing is switched.
async fn switch_by_name(sources: &[DemoServer]) {
    let (typed, mut lines) = tokio::sync::mpsc::unbounded_channel();
    // A thread of its own: the runtime would wait at its end for a read that nothing ends.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if typed.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        let name = line.trim();
        let Some(source) = sources
            .iter()
            .find(|source| source.name().eq_ignore_ascii_case(name))
        else {
            if !name.is_empty() {
                println!("There is no source `{name}`.");
            }
            continue;
        };
        let on = !source.is_running();
        match source.set_available(on).await {
            Ok(()) => println!(
                "{} is {} now.",
                source.name(),
                if on { "on" } else { "off" }
            ),
            Err(error) => println!("{} could not be switched: {error}", source.name()),
        }
    }
    std::future::pending().await
}

fn greeting(demo: &Demo, address: SocketAddr) -> String {
    let sources: Vec<String> = demo
        .sources
        .iter()
        .map(|source| format!("  {:<10} {}", source.name(), source.url()))
        .collect();
    let snapshot = demo.app.catalog.snapshot();
    format!(
        "Manyfin is ready: {} works from {} copies on {} servers.\n\n\
         Type this address into any Jellyfin app:  http://{address}\n\
         Start page   http://{address}/\n\
         GraphiQL     http://{address}/graphiql\n\n\
         Accounts     {} / {} (administrator)   {} / {}\n\n\
         Sources (type a name and Enter to switch one off or on)\n{}\n\nCtrl-C ends it.",
        snapshot.items.len(),
        snapshot.copies.len(),
        demo.sources.len(),
        ADMINISTRATOR.0,
        ADMINISTRATOR.1,
        USER.0,
        USER.1,
        sources.join("\n"),
    )
}
