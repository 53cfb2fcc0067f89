//! All sources.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use super::renewal::Renewals;
use super::{Limits, Renewal, Server, ServerSpec, ServerStatus, health};
use crate::clock::Clock;
use crate::telemetry::Metrics;

/// A server's status became another.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusChange {
    pub server_id: i64,
    pub status: ServerStatus,
}

/// The sources by their row id. Cheap to clone; the clones are one registry.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    servers: RwLock<BTreeMap<i64, Entry>>,
    limits: Limits,
    clock: Clock,
    changes: broadcast::Sender<StatusChange>,
    renewals: Renewals,
    metrics: Metrics,
}

struct Entry {
    server: Arc<Server>,
    health: AbortHandle,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.health.abort();
    }
}

impl Registry {
    pub fn new(clock: Clock) -> Self {
        Self::with_limits(clock, Limits::default())
    }

    pub fn with_limits(clock: Clock, limits: Limits) -> Self {
        Self::measured(clock, limits, Metrics::default())
    }

    /// What is sent is counted in `metrics`.
    pub fn measured(clock: Clock, limits: Limits, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            servers: RwLock::default(),
            limits,
            clock,
            changes: broadcast::Sender::new(256),
            renewals: Renewals::default(),
            metrics,
        }))
    }

    /// Who signs linked accounts in again from now on, on all servers.
    pub fn renew_by(&self, renewal: Arc<dyn Renewal>) {
        self.0.renewals.set(renewal);
    }

    /// Where what is sent is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Adds or changes a source and begins to watch its health. What stays the same keeps its
    /// connections and its state; a new address or trust starts afresh. Needs a tokio runtime.
    pub fn upsert(&self, spec: ServerSpec) -> Arc<Server> {
        let mut servers = self.0.servers.write().unwrap_or_else(|e| e.into_inner());
        if let Some(entry) = servers.get(&spec.id) {
            let mut known = entry.server.spec.lock().unwrap_or_else(|e| e.into_inner());
            let same = ServerSpec {
                name: known.name.clone(),
                ..spec.clone()
            } == *known;
            if same {
                entry.server.rename(&spec.name);
                *known = spec;
                return entry.server.clone();
            }
        }
        let id = spec.id;
        let server = Arc::new(Server::new(
            spec,
            self.0.limits.clone(),
            self.0.clock.clone(),
            self.0.changes.clone(),
            self.0.renewals.clone(),
            self.0.metrics.clone(),
        ));
        let health = tokio::spawn(health::watch(Arc::downgrade(&server))).abort_handle();
        servers.insert(
            id,
            Entry {
                server: server.clone(),
                health,
            },
        );
        server
    }

    /// Forgets a source; calls under way end by themselves.
    pub fn remove(&self, id: i64) {
        let mut servers = self.0.servers.write().unwrap_or_else(|e| e.into_inner());
        servers.remove(&id);
    }

    pub fn get(&self, id: i64) -> Option<Arc<Server>> {
        let servers = self.0.servers.read().unwrap_or_else(|e| e.into_inner());
        servers.get(&id).map(|entry| entry.server.clone())
    }

    /// In the order of their ids.
    pub fn all(&self) -> Vec<Arc<Server>> {
        let servers = self.0.servers.read().unwrap_or_else(|e| e.into_inner());
        servers.values().map(|entry| entry.server.clone()).collect()
    }

    /// Tells every change of every server's status from now on.
    pub fn watch_status(&self) -> broadcast::Receiver<StatusChange> {
        self.0.changes.subscribe()
    }
}
