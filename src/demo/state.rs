//! What a running demo server knows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::access::Sight;
use super::content::recorded::Recording;
use super::item::Item;
use super::library::Library;
use super::sessions::Sessions;
use super::spec::{Fault, Seen};
use super::userdata::Datum;
use crate::clock::Clock;
use crate::model::Secret;
use crate::wire::Body;

pub(super) struct State {
    pub id: Uuid,
    pub name: String,
    pub version: String,
    pub clock: Clock,
    pub users: Vec<User>,
    pub recording: Option<Recording>,
    pub thresholds: Thresholds,
    library: RwLock<Library>,
    data: RwLock<HashMap<(Uuid, Uuid), Datum>>,
    pub sessions: Mutex<Sessions>,
    pub seen: Mutex<Vec<Seen>>,
    pub fault: Mutex<Option<Fault>>,
    pub delay_millis: AtomicU64,
    /// Bytes a second of a film; 0: as fast as it goes.
    pub bytes_per_second: AtomicU64,
    pub port: AtomicU64,
    /// The latest moment given out for a change, so that changes have an order.
    pub last_saved: AtomicI64,
    pub events: broadcast::Sender<Event>,
}

/// When a position counts: per cent from the start and the end, and the least length in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub min_percent: f64,
    pub max_percent: f64,
    pub min_seconds: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_percent: 5.0,
            max_percent: 90.0,
            min_seconds: 300,
        }
    }
}

pub(super) struct User {
    pub id: Uuid,
    pub name: String,
    pub password: Secret,
    pub administrator: bool,
    pub sight: RwLock<Sight>,
    /// The recorded `UserDto`, where there is one.
    pub dto: Option<Body>,
}

/// A WebSocket message for one user, or for all.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub user: Option<Uuid>,
    pub kind: &'static str,
    pub data: Value,
}

/// What content brings into a server.
pub(super) struct Stock {
    pub id: Uuid,
    pub name: String,
    pub version: String,
    pub users: Vec<User>,
    pub library: Library,
    pub data: HashMap<(Uuid, Uuid), Datum>,
    pub thresholds: Thresholds,
    pub recording: Option<Recording>,
}

impl State {
    pub fn new(stock: Stock, clock: Clock) -> Self {
        Self {
            id: stock.id,
            name: stock.name,
            version: stock.version,
            clock,
            users: stock.users,
            recording: stock.recording,
            thresholds: stock.thresholds,
            library: RwLock::new(stock.library),
            data: RwLock::new(stock.data),
            sessions: Mutex::default(),
            seen: Mutex::default(),
            fault: Mutex::default(),
            delay_millis: AtomicU64::new(0),
            bytes_per_second: AtomicU64::new(0),
            port: AtomicU64::new(0),
            last_saved: AtomicI64::new(0),
            events: broadcast::channel(256).0,
        }
    }

    pub fn library(&self) -> RwLockReadGuard<'_, Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn library_mut(&self) -> RwLockWriteGuard<'_, Library> {
        self.library.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn data(&self) -> RwLockReadGuard<'_, HashMap<(Uuid, Uuid), Datum>> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn data_mut(&self) -> RwLockWriteGuard<'_, HashMap<(Uuid, Uuid), Datum>> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    pub fn user(&self, id: Uuid) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }
    pub fn user_named(&self, name: &str) -> Option<&User> {
        let mut users = self.users.iter();
        users.find(|user| user.name.eq_ignore_ascii_case(name))
    }

    /// 12.0 takes only `Authorization: MediaBrowser` and `ApiKey`.
    pub fn takes_legacy_tokens(&self) -> bool {
        self.version.starts_with("10.")
    }

    pub fn url(&self) -> String {
        let port = self.port.load(std::sync::atomic::Ordering::Relaxed);
        format!("http://127.0.0.1:{port}")
    }

    pub fn announce(&self, user: Option<Uuid>, kind: &'static str, data: Value) {
        // Nobody listening is no error.
        let _ = self.events.send(Event { user, kind, data });
    }

    /// Tells all sockets what became of the library.
    pub fn announce_library(
        &self,
        added: &[Uuid],
        updated: &[Uuid],
        removed: &[Uuid],
        at: &[Uuid],
    ) {
        let list = |ids: &[Uuid]| {
            ids.iter()
                .map(|id| super::item::hex(*id))
                .collect::<Vec<_>>()
        };
        let data = json!({
            "FoldersAddedTo": if added.is_empty() { Vec::new() } else { list(at) },
            "FoldersRemovedFrom": if removed.is_empty() { Vec::new() } else { list(at) },
            "ItemsAdded": list(added),
            "ItemsRemoved": list(removed),
            "ItemsUpdated": list(updated),
            "CollectionFolders": list(at),
            "IsEmpty": false,
        });
        self.announce(None, "LibraryChanged", data);
    }
}

impl User {
    pub fn sight(&self) -> RwLockReadGuard<'_, Sight> {
        self.sight.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn sees(&self, library: &Library, item: &Item) -> bool {
        self.sight().sees(library, item)
    }
    pub fn disabled(&self) -> bool {
        matches!(&*self.sight(), Sight::Rules(access) if access.disabled)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
