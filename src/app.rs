//! All wiring: builds the services from the configuration and hands them to the router.

pub mod apply;
pub mod backup;
pub mod check;
pub mod demo;
mod events;
mod metrics;
mod seams;
mod serve;
mod upkeep;

pub use serve::{serve, shutdown_signal};

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Accounts, AccountsError, Options};
use crate::catalog::render::Identity;
use crate::catalog::sync::{Sync, SyncParts, SyncSettings};
use crate::catalog::watch::Courier;
use crate::catalog::{Catalog, CatalogError, hydrate};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, DbError};
use crate::graphql;
use crate::jellyfin::Registry;
use crate::model::Secret;
use crate::rest::{self, RestSettings, RestState};
use crate::server::{
    self, Access, Crowd, Health, MetricsState, RateLimit, Routes, Stopped, TrustedProxies,
};
use crate::stream::{
    self, ByCatalog, Capabilities, ImageCache, ImageSettings, KnownPeople, StreamState,
};
use crate::telemetry::Metrics;
use crate::web::{self, WebSettings};

/// What clients are told that this server is called.
const NAME: &str = "Manyfin";
/// Where pictures are kept, in the data folder.
const IMAGES: &str = "cache/images";
/// User data that waits to be merged before crawls wait for it.
const SEEN_BACKLOG: usize = 16;

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("the database: {0}")]
    Db(#[from] DbError),
    #[error("the accounts: {0}")]
    Accounts(#[from] AccountsError),
    #[error("the catalog: {0}")]
    Catalog(#[from] CatalogError),
    #[error("cannot listen on {address}: {reason}")]
    Bind {
        address: std::net::SocketAddr,
        reason: std::io::Error,
    },
    #[error("the server stopped: {0}")]
    Serve(#[from] std::io::Error),
    #[error("{0}")]
    Demo(String),
}

/// The running services. Background work ends when it is dropped.
pub struct App {
    pub accounts: Accounts,
    pub catalog: Catalog,
    pub sync: Sync,
    pub engine: graphql::Engine,
    router: Router,
    crowd: Crowd,
    /// Ends event streams and sockets.
    closing: CancellationToken,
    tasks: tokio::task::JoinSet<()>,
}

/// What differs between a gateway that people use and one in a test.
#[derive(Clone, Default)]
pub struct Tuning {
    pub clock: Option<Clock>,
    /// The pace of crawling; nothing: as configured.
    pub sync: Option<SyncSettings>,
    pub password_cost: crate::accounts::PasswordCost,
    /// How sources are asked; nothing: as people need it.
    pub limits: Option<crate::jellyfin::Limits>,
}

impl App {
    /// Opens the database (and brings it up to date), loads the catalog, begins to crawl. Servers that
    /// are down hinder nothing.
    ///
    /// # Errors
    /// When the database or the key file cannot be used.
    pub async fn start(config: &Config, tuning: Tuning) -> Result<Self, AppError> {
        let clock = tuning.clock.unwrap_or_else(Clock::system);
        let db = Db::open(config.database_url.expose()).await?;
        db.migrate_up().await?;
        let limits = tuning.limits.unwrap_or_default();
        let registry = Registry::measured(clock.clone(), limits, Metrics::default());
        let options = Options {
            secret_key_file: config.secret_key_file.clone(),
            secret_key: config
                .secret_key
                .as_ref()
                .map(|key| Secret::new(key.expose())),
            sign_in_servers: config.sign_in_servers.clone(),
            password_cost: tuning.password_cost,
        };
        let accounts = Accounts::open(db.clone(), registry.clone(), clock.clone(), options).await?;
        let server_id = accounts.server_id().to_string();
        let identity = Identity {
            server_id: server_id.clone(),
        };
        let catalog = Catalog::load(
            db.clone(),
            clock.clone(),
            registry.clone(),
            accounts.ids().clone(),
            identity,
            hydrate::Settings {
                max_bytes: config.cache.details_bytes,
                memory: config.cache.details,
                ..hydrate::Settings::default()
            },
        )
        .await?;
        let (seen, seen_by_crawls) = tokio::sync::mpsc::channel(SEEN_BACKLOG);
        let parts = SyncParts {
            db: db.clone(),
            clock: clock.clone(),
            registry: registry.clone(),
            ids: accounts.ids().clone(),
            hydrate: catalog.hydrate().clone(),
            directory: Arc::new(accounts.clone()),
            sink: catalog.store().clone(),
            user_data: Some(seen),
        };
        let pace = tuning.sync.unwrap_or_else(|| SyncSettings {
            changes_every: config.cache.libraries,
            ..SyncSettings::default()
        });
        let sync = Sync::new(parts, pace);
        let services =
            graphql::Services::new(accounts.clone(), catalog.clone(), config.public_users)
                .with_sync(sync.clone());
        let engine = graphql::Engine::new(services, graphql::Limits::default());

        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(
            Courier {
                catalog: catalog.clone(),
                accounts: accounts.clone(),
            }
            .run(),
        );
        tasks.spawn(upkeep::take_in(
            catalog.clone(),
            accounts.clone(),
            seen_by_crawls,
        ));
        tasks.spawn(upkeep::follow(
            catalog.clone(),
            accounts.clone(),
            sync.clone(),
        ));
        tasks.spawn(upkeep::notice(accounts.clone()));
        tasks.spawn(upkeep::settle(accounts.clone()));
        tasks.spawn(upkeep::ask_refused(accounts.clone()));
        tasks.spawn(upkeep::forget(catalog.clone()));
        tasks.spawn(upkeep::tidy(db.clone(), clock.clone(), config.audit_days));
        tasks.spawn(events::tell_library_changes(catalog.clone()));
        sync.start_all();

        let closing = CancellationToken::new();
        let parts = Parts {
            config,
            server_id: &server_id,
            accounts: &accounts,
            catalog: &catalog,
            sync: &sync,
            engine: &engine,
            clock: &clock,
            closing: &closing,
        };
        let router = router(&parts);
        Ok(Self {
            accounts,
            catalog,
            sync,
            engine,
            router,
            crowd: Crowd::new(&TrustedProxies::new(&config.trusted_proxies)),
            closing,
            tasks,
        })
    }

    /// Every route.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// How many may be connected at once.
    pub fn crowd(&self) -> Crowd {
        self.crowd.clone()
    }

    /// Answers at this address until `stop` resolves. Event streams and sockets end at once then, so that
    /// their clients look for another connection; other answers may come to their end.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> Stopped {
        let closing = self.closing.clone();
        let stop = async move {
            stop.await;
            closing.cancel();
        };
        server::serve(listener, self.router(), self.crowd.clone(), stop).await
    }

    /// Ends all background work.
    pub async fn stop(mut self) {
        self.sync.stop_all();
        self.tasks.shutdown().await;
    }
}

/// The address that clients are told, where one is configured.
fn public_url(config: &Config) -> Option<String> {
    let url = config.public_url.as_ref()?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

/// What the routes are made of.
struct Parts<'a> {
    config: &'a Config,
    server_id: &'a str,
    accounts: &'a Accounts,
    catalog: &'a Catalog,
    sync: &'a Sync,
    engine: &'a graphql::Engine,
    clock: &'a Clock,
    closing: &'a CancellationToken,
}

fn router(parts: &Parts<'_>) -> Router {
    let Parts {
        config,
        server_id,
        accounts,
        catalog,
        sync,
        engine,
        clock,
        closing,
    } = *parts;
    let settings = RestSettings {
        server_id: server_id.to_owned(),
        server_name: NAME.to_owned(),
        version: config.advertised_version.clone(),
        public_url: public_url(config),
        bind: config.bind,
        public_users: config.public_users,
    };
    let rest = RestState {
        engine: rest::Engine::over(engine.clone()),
        settings: Arc::new(settings),
        viewers: seams::viewers(accounts.clone(), sync.clone()),
        events: events::sockets(catalog.clone(), accounts.clone()),
        clock: clock.clone(),
        silence: rest::Silence::default(),
        closing: closing.clone(),
    };
    let people = Arc::new(KnownPeople::new(accounts.clone()));
    let images = ImageSettings {
        folder: config.data_dir.join(IMAGES),
        max_bytes: config.cache.images_bytes,
        fresh: config.cache.images,
    };
    let metrics = catalog.registry().metrics();
    let stream = StreamState::new(
        seams::identify(accounts.clone()),
        Arc::new(ByCatalog::new(catalog.clone(), people)),
        Capabilities::new(catalog.ids()),
        ImageCache::open(images, clock.clone(), metrics.clone()),
    );
    let web = WebSettings {
        public_url: config.public_url.clone(),
        jellyfin_web_dir: config.jellyfin_web_dir.clone(),
    };
    server::router(Routes {
        rest: rest::router(rest),
        stream: stream::router(stream),
        graphql: graphql::router(graphql::TransportState {
            engine: engine.clone(),
            public_url: config.public_url.clone().map(Arc::new),
            closing: closing.clone(),
        }),
        web: web::router(&web),
        health: Health {
            db: catalog.db().clone(),
        },
        metrics: MetricsState {
            metrics: catalog.registry().metrics().clone(),
            now: metrics::now(catalog.clone(), clock.clone()),
            access: Access {
                from: config.metrics_from.clone().into(),
                administrator: seams::administrator(accounts.clone()),
            },
        },
        proxies: TrustedProxies::new(&config.trusted_proxies),
        rate: RateLimit::new(
            config.requests_per_minute,
            seams::account_of(accounts.clone()),
        ),
    })
}
