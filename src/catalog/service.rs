//! The catalog as the layers above use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::CatalogError;
use super::events::Events;
use super::hydrate::{self, CopyRef, Hydrate};
use super::playback::{NamePictures, Sampling, Shown, Stalled};
use super::render::{self, Bodies, Identity};
use super::scope::{Entry, ItemEntry, Scope, ServersNow};
use super::scopes::Projections;
use super::snapshot::{CopyIx, Snapshot};
use super::store::Store;
use super::watch::{Players, UserItem, UserItems};
use crate::accounts::{PublicIds, Viewer};
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::jellyfin::Registry;
use crate::model::{BodyOptions, PublicId};

/// A page of as many whole bodies is rendered by two threads.
const WORTH_TWO: usize = 32;

/// See [`super`]. Cheap to clone.
#[derive(Clone)]
pub struct Catalog(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    registry: Registry,
    hydrate: Hydrate,
    ids: PublicIds,
    identity: Identity,
    store: Arc<Store>,
    projections: Projections,
    user_items: Mutex<HashMap<PublicId, Arc<UserItems>>>,
    players: Players,
    shown: Shown,
    name_pictures: NamePictures,
    sampling: Sampling,
    stalled: Stalled,
    events: Events,
    editing: Mutex<HashMap<PublicId, Arc<tokio::sync::Mutex<()>>>>,
    courier: watch::Sender<u64>,
}

impl Catalog {
    /// Loads the catalog from the database; no server is asked. `kept`: how much of the servers' details, and
    /// for how long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        db: Db,
        clock: Clock,
        registry: Registry,
        ids: PublicIds,
        identity: Identity,
        kept: hydrate::Settings,
    ) -> Result<Self, CatalogError> {
        let store = Arc::new(Store::load(db.clone(), clock.clone(), ids.clone()).await?);
        let projections = Projections::new(ids.clone(), registry.metrics());
        let hydrate = Hydrate::with_settings(db.clone(), clock.clone(), registry.clone(), kept);
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            registry,
            hydrate,
            ids,
            identity,
            store,
            projections,
            user_items: Mutex::default(),
            players: Players::default(),
            shown: Shown::default(),
            name_pictures: NamePictures::default(),
            sampling: Sampling::default(),
            stalled: Stalled::default(),
            events: Events::default(),
            editing: Mutex::default(),
            courier: watch::Sender::new(0),
        })))
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.0.store
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.store.snapshot()
    }

    pub fn ids(&self) -> &PublicIds {
        &self.0.ids
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The full bodies of copies.
    pub fn hydrate(&self) -> &Hydrate {
        &self.0.hydrate
    }

    pub(super) fn players(&self) -> &Players {
        &self.0.players
    }

    pub(super) fn name_pictures(&self) -> &NamePictures {
        &self.0.name_pictures
    }

    pub(super) fn shown(&self) -> &Shown {
        &self.0.shown
    }

    /// Copies that kept a player waiting in vain.
    pub fn stalled(&self) -> &Stalled {
        &self.0.stalled
    }

    /// Something went wrong with a server: asks all that seemed well whether they are there, so that what is
    /// chosen next is chosen among those that are.
    pub async fn look_around(&self) {
        let servers = self.registry().all();
        let online = servers.iter().filter(|server| server.status().is_online());
        futures::future::join_all(online.map(|server| server.doubt())).await;
    }

    pub(super) fn sampling(&self) -> &Sampling {
        &self.0.sampling
    }

    /// Where what changes is told.
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Counts the changes of what lists show.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.store.watch()
    }

    /// What this viewer may see now. Everything read of it is of one moment.
    pub async fn scope(&self, viewer: &Arc<Viewer>) -> Result<Scope, CatalogError> {
        let user_items = self.user_items(viewer.user_id).await?;
        let (snapshot, access) = (self.0.store.snapshot(), self.0.store.access());
        let projection = self.0.projections.of(viewer, &snapshot, &access);
        Ok(Scope {
            viewer: viewer.clone(),
            projection,
            user_items,
            servers: ServersNow::of(&self.0.registry),
        })
    }

    /// What a user has watched, from memory after the first time.
    pub async fn user_items(&self, user: PublicId) -> Result<Arc<UserItems>, CatalogError> {
        let snapshot = self.snapshot();
        if let Some(found) = self.kept_user_items().get_mut(&user) {
            if let Some(items) = found.of_snapshot(&snapshot) {
                *found = Arc::new(items);
            }
            return Ok(found.clone());
        }
        let rows = db::user_items::of_user(&self.0.db, &user.to_string()).await?;
        let loaded = rows
            .into_iter()
            .filter_map(|row| Some((row.item_id.parse().ok()?, UserItem::from(row))));
        let loaded = UserItems::new(loaded);
        let loaded = Arc::new(loaded.of_snapshot(&snapshot).unwrap_or(loaded));
        // Somebody may have been faster, and changed something since.
        Ok(self.kept_user_items().entry(user).or_insert(loaded).clone())
    }

    fn kept_user_items(&self) -> std::sync::MutexGuard<'_, HashMap<PublicId, Arc<UserItems>>> {
        self.0.user_items.lock().expect("no panic while locked")
    }

    /// One change of a user's marks at a time, or one would undo the other.
    pub(super) async fn edit_user_items(&self, user: PublicId) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut editing = self.0.editing.lock().expect("no panic while locked");
            editing.entry(user).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// There is something to deliver.
    pub(super) fn call_courier(&self) {
        self.0.courier.send_modify(|calls| *calls += 1);
    }

    pub(super) fn outbox_calls(&self) -> watch::Receiver<u64> {
        self.0.courier.subscribe()
    }

    /// Replaces one item's state in memory; the database has it already.
    pub(super) fn put_user_item(&self, user: PublicId, item: PublicId, state: UserItem) {
        let mut kept = self.kept_user_items();
        if let Some(items) = kept.get_mut(&user) {
            *items = Arc::new(items.with(item, state));
        }
    }

    /// Renders entries as the JSON texts of Jellyfin bodies, in order. What only a silent server knows is
    /// left out.
    pub async fn bodies(
        &self,
        scope: &Scope,
        entries: &[Entry],
        options: &BodyOptions,
    ) -> Result<Vec<String>, CatalogError> {
        if !render::is_lasting(options) {
            return Ok(self.rendered(scope, entries, options).await);
        }
        let lasting = BodyOptions {
            user_data: false,
            ..options.clone()
        };
        let render = |entry: &Entry, options: &BodyOptions| {
            let body = render::render(scope, entry, options, &Bodies::new(), &self.0.identity);
            serde_json::Value::Object(body).to_string()
        };
        let kept = &scope.projection.bodies;
        let items = entries.iter().filter_map(Entry::item).copied();
        let mut known = kept.get(&lasting, items).into_iter();
        let mut made = Vec::new();
        let texts = entries
            .iter()
            .map(|entry| {
                let Some(item) = entry.item() else {
                    return render(entry, options);
                };
                let text = known.next().flatten().unwrap_or_else(|| {
                    let text: Arc<str> = render(entry, &lasting).into();
                    made.push((*item, text.clone()));
                    text
                });
                render::with_user_data(&text, scope, item, options)
            })
            .collect();
        kept.put(&lasting, made);
        Ok(texts)
    }

    async fn rendered(
        &self,
        scope: &Scope,
        entries: &[Entry],
        options: &BodyOptions,
    ) -> Vec<String> {
        let bodies = Arc::new(match render::needs_bodies(options) {
            true => self.fetch(scope, entries).await,
            false => Bodies::new(),
        });
        if entries.len() < WORTH_TWO {
            return self.texts(scope, entries, options, &bodies);
        }
        let (first, second) = entries.split_at(entries.len() / 2);
        let beside = {
            let (catalog, scope, bodies) = (self.clone(), scope.clone(), bodies.clone());
            let (second, options) = (second.to_vec(), options.clone());
            tokio::task::spawn_blocking(move || catalog.texts(&scope, &second, &options, &bodies))
        };
        let mut texts = self.texts(scope, first, options, &bodies);
        match beside.await {
            Ok(rest) => texts.extend(rest),
            // The runtime takes no more tasks.
            Err(_) => texts.extend(self.texts(scope, second, options, &bodies)),
        }
        texts
    }

    fn texts(
        &self,
        scope: &Scope,
        entries: &[Entry],
        options: &BodyOptions,
        bodies: &Bodies,
    ) -> Vec<String> {
        let render = |entry| render::render(scope, entry, options, bodies, &self.0.identity);
        let bodies = entries.iter().map(render);
        bodies
            .map(|body| serde_json::Value::Object(body).to_string())
            .collect()
    }

    /// The full bodies of all visible copies of the entries.
    async fn fetch(&self, scope: &Scope, entries: &[Entry]) -> Bodies {
        let snapshot = scope.snapshot();
        let mut wanted: HashMap<i64, (CopyIx, CopyRef)> = HashMap::new();
        for copy in entries
            .iter()
            .filter_map(Entry::item)
            .flat_map(|entry: &ItemEntry| scope.copies(entry))
        {
            let found = snapshot.copy(copy);
            let server_id = snapshot.server_of(found).id;
            let link = scope.viewer.link_to(server_id);
            let reference = CopyRef {
                copy_id: found.row(),
                server_id,
                upstream_id: found.upstream_id(),
                account: link.map(|link| link.account.clone()),
            };
            wanted.insert(found.row(), (copy, reference));
        }
        let asked: Vec<CopyRef> = wanted.values().map(|(_, copy)| copy.clone()).collect();
        let found = self.0.hydrate.bodies(&asked).await;
        found
            .into_iter()
            .filter_map(|(row, body)| Some((wanted.get(&row)?.0, body)))
            .collect()
    }
}
