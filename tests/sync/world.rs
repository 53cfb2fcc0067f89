//! Demo servers, a database, and a crawler between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use manyfin::accounts::PublicIds;
use manyfin::catalog::CatalogError;
use manyfin::catalog::hydrate::{CopyRef, Hydrate};
use manyfin::catalog::scope::LinkAccess;
use manyfin::catalog::snapshot::Snapshot;
use manyfin::catalog::store::{CopyChanges, Store};
use manyfin::catalog::sync::{
    Directory, Sink, Sync, SyncError, SyncLink, SyncParts, SyncSettings, UserDataSeen,
};
use manyfin::clock::Clock;
use manyfin::db::Db;
use manyfin::db::links::{self, LinkChange, NewLink};
use manyfin::db::servers::{self, NewServer};
use manyfin::db::users::{self, UserRow};
use manyfin::demo::{DemoServer, DemoSpec, Seen};
use manyfin::jellyfin::{Account, Limits, Registry, Server, ServerSpec, TlsTrust};
use manyfin::model::{Secret, ServerKey};
use tokio::sync::{mpsc, oneshot};

pub struct World {
    pub db: Db,
    pub clock: Clock,
    pub registry: Registry,
    pub store: Arc<Store>,
    pub accounts: Arc<People>,
    pub sync: Sync,
    pub sink: Arc<HeldUp>,
    pub sources: Vec<Source>,
    pub user_data: Mutex<mpsc::Receiver<(Vec<UserDataSeen>, bool)>>,
}

/// The store, slow to learn what a link may see when it is told to.
pub struct HeldUp {
    store: Arc<Store>,
    next: Mutex<Option<oneshot::Receiver<()>>>,
}

impl HeldUp {
    /// The next set of a link waits until the answer is used or dropped.
    pub fn hold_up_next(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.next.lock().unwrap() = Some(receiver);
        sender
    }

    /// Whether a set waits.
    pub fn holds_up(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

impl Sink for HeldUp {
    fn apply(&self, changes: CopyChanges) -> BoxFuture<'_, Result<(), CatalogError>> {
        Box::pin(self.store.apply(changes))
    }
    fn libraries_changed(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        Box::pin(self.store.reload_configuration())
    }
    fn set_access(&self, link: i64, access: Option<LinkAccess>) -> BoxFuture<'_, ()> {
        let held = self.next.lock().unwrap().take();
        Box::pin(async move {
            if let Some(held) = held {
                let _ = held.await;
            }
            self.store.set_access(link, access).await;
        })
    }
}

pub struct Source {
    pub demo: DemoServer,
    pub server: Arc<Server>,
}

/// Who crawls and who is linked, without any of the rules of accounts.
pub struct People {
    db: Db,
    crawlers: Mutex<HashMap<i64, Account>>,
    pub links: Mutex<HashMap<i64, SyncLink>>,
}

impl Directory for People {
    fn crawler(&self, server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>> {
        let found = self.crawlers.lock().unwrap()[&server_id].clone();
        Box::pin(async move { Ok(found) })
    }
    fn crawler_refused(&self, _server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>> {
        Box::pin(async { Err(manyfin::jellyfin::UpstreamError::Unauthorized.into()) })
    }
    fn links(&self, server_id: i64) -> BoxFuture<'_, Result<Vec<SyncLink>, SyncError>> {
        let links = self.links.lock().unwrap();
        let found = links.values().filter(|link| link.server_id == server_id);
        let found: Vec<_> = found.cloned().collect();
        Box::pin(async move { Ok(found) })
    }
    fn link(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>> {
        let found = self.links.lock().unwrap().get(&id).cloned();
        Box::pin(async move { Ok(found) })
    }
    fn libraries_read(&self, _server_id: i64) -> BoxFuture<'_, Result<(), SyncError>> {
        Box::pin(async { Ok(()) })
    }
    fn crawled(
        &self,
        _server_id: i64,
        _version: Option<String>,
        _trouble: Option<String>,
    ) -> BoxFuture<'_, Result<(), SyncError>> {
        Box::pin(async { Ok(()) })
    }
    fn link_refused(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>> {
        Box::pin(async move {
            let change = LinkChange {
                state: Some("refused".to_owned()),
                ..LinkChange::default()
            };
            links::update(&self.db, id, &change).await.unwrap();
            self.links.lock().unwrap().remove(&id);
            Ok(None)
        })
    }
}

pub fn settings() -> SyncSettings {
    SyncSettings {
        page: 10,
        bodies: 10,
        deadline: Duration::from_secs(5),
        overlap: Duration::ZERO,
        publish_every: Duration::ZERO,
        settle: Duration::from_millis(20),
        first_after: Duration::ZERO,
        retry: Duration::from_millis(50),
        ..SyncSettings::default()
    }
}

fn limits() -> Limits {
    Limits {
        backoff: Duration::from_millis(5),
        attempts: 2,
        probe_offline: Duration::from_millis(100),
        socket_backoff: Duration::from_millis(50),
        ..Limits::default()
    }
}

impl World {
    pub async fn new(db: Db, specs: Vec<DemoSpec>, settings: SyncSettings) -> Self {
        let clock = Clock::system();
        let registry = Registry::with_limits(clock.clone(), limits());
        let hydrate = Hydrate::new(db.clone(), clock.clone(), registry.clone());
        let ids = PublicIds::new([7; 32]);
        let mut sources = Vec::new();
        let directory = People {
            db: db.clone(),
            crawlers: Mutex::default(),
            links: Mutex::default(),
        };
        for spec in specs {
            let demo = DemoServer::start(spec).await.unwrap();
            let server = register(&db, &registry, &demo).await;
            let account = sign_in(&server, "crawler", None).await;
            directory
                .crawlers
                .lock()
                .unwrap()
                .insert(server.id, account);
            sources.push(Source { demo, server });
        }
        let store = Store::load(db.clone(), clock.clone(), ids.clone())
            .await
            .unwrap();
        let (store, accounts) = (Arc::new(store), Arc::new(directory));
        let sink = Arc::new(HeldUp {
            store: store.clone(),
            next: Mutex::default(),
        });
        let (sender, receiver) = mpsc::channel(100);
        let parts = SyncParts {
            db: db.clone(),
            clock: clock.clone(),
            registry: registry.clone(),
            ids,
            hydrate,
            directory: accounts.clone(),
            sink: sink.clone(),
            user_data: Some(sender),
        };
        Self {
            sync: Sync::new(parts, settings),
            db,
            clock,
            registry,
            store,
            sink,
            accounts,
            sources,
            user_data: Mutex::new(receiver),
        }
    }

    /// Links a user of that name here to the account of that name there.
    pub async fn link(&self, source: usize, name: &str) -> SyncLink {
        let server = &self.sources[source].server;
        let user = UserRow {
            id: format!("{name} {source}"),
            config_key: None,
            name: format!("{name} {source}"),
            name_key: format!("{name} {source}"),
            password_hash: None,
            is_administrator: false,
            is_disabled: false,
            made_by_server_key: None,
            made_by_account: None,
            settings: "{}".into(),
            created_at: 1,
            last_login_at: None,
            last_activity_at: None,
            source_policy: None,
        };
        users::insert(&self.db, &user).await.unwrap();
        let row = NewLink {
            user_id: user.id,
            server_id: server.id,
            upstream_user_id: None,
            username: name.into(),
            token: None,
            password: None,
            device_id: "d".into(),
            sign_in: false,
            state: "active".into(),
            state_reason: None,
            created_at: 1,
            updated_at: 1,
        };
        let row = links::insert(&self.db, &row).await.unwrap();
        let link = SyncLink {
            id: row.id,
            server_id: server.id,
            account: sign_in(server, name, Some(row.id)).await,
        };
        self.accounts
            .links
            .lock()
            .unwrap()
            .insert(row.id, link.clone());
        link
    }

    /// From now on a source is asked at this address.
    pub fn ask_at(&self, source: usize, url: &str) {
        let server = &self.sources[source].server;
        self.registry.upsert(ServerSpec {
            id: server.id,
            key: server.key,
            name: server.name(),
            base_url: url.parse().unwrap(),
            tls: TlsTrust::System,
        });
    }

    /// References to all copies of a source, for a link.
    pub fn copies(&self, source: usize, link: Option<&SyncLink>) -> Vec<CopyRef> {
        let snapshot = self.store.snapshot();
        let server_id = self.sources[source].server.id;
        let of_server = snapshot
            .copies
            .iter()
            .filter(|copy| snapshot.server_of(copy).id == server_id);
        let mut copies: Vec<CopyRef> = of_server
            .map(|copy| CopyRef {
                copy_id: copy.row(),
                server_id,
                upstream_id: copy.upstream_id(),
                account: link.map(|link| link.account.clone()),
            })
            .collect();
        copies.sort_by_key(|copy| copy.copy_id);
        copies
    }

    pub fn names(&self) -> Vec<String> {
        names(&self.store.snapshot())
    }
}

/// The names of all copies, sorted.
pub fn names(snapshot: &Snapshot) -> Vec<String> {
    let copies = snapshot.copies.iter();
    let mut names: Vec<String> = copies.map(|copy| copy.light.name().to_string()).collect();
    names.sort_unstable();
    names
}

impl Source {
    /// What was asked with an account, by path.
    pub fn asked(&self, path: &str) -> Vec<Seen> {
        let seen = self.demo.seen().into_iter();
        seen.filter(|seen| seen.user.is_some() && seen.path == path)
            .collect()
    }

    /// Everything that was asked with an account but sockets.
    pub fn all_asked(&self) -> Vec<Seen> {
        let seen = self.demo.seen().into_iter();
        seen.filter(|seen| seen.user.is_some() && seen.path != "/socket")
            .collect()
    }
}

async fn register(db: &Db, registry: &Registry, demo: &DemoServer) -> Arc<Server> {
    let key = ServerKey::random();
    let row = NewServer {
        server_key: key.to_string(),
        config_key: None,
        name: demo.name().to_owned(),
        name_key: demo.name().to_lowercase(),
        url: demo.url(),
        ca_pem: None,
        tls_fingerprint: None,
        upstream_id: Some(demo.id()),
        version: None,
        crawl_user_id: None,
        crawl_username: None,
        crawl_token: None,
        crawl_password: None,
        device_id: "d".into(),
        created_at: 1,
        updated_at: 1,
    };
    let row = servers::insert(db, &row, true).await.unwrap();
    registry.upsert(ServerSpec {
        id: row.id,
        key,
        name: row.name,
        base_url: row.url.parse().unwrap(),
        tls: TlsTrust::System,
    })
}

async fn sign_in(server: &Server, name: &str, link: Option<i64>) -> Account {
    let device_id = format!("device of {name} {link:?}");
    let password = Secret::new(format!("{name}-pw"));
    let signed_in = server
        .authenticate(name, &password, &device_id)
        .await
        .unwrap();
    Account {
        user_id: signed_in.user_id,
        token: signed_in.token,
        device_id,
        link,
    }
}
