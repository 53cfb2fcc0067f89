//! What changed, for clients that listen.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::model::PublicId;

/// How many events a slow listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogEvent {
    /// A user's marks of these items (their own ids).
    UserData {
        user: PublicId,
        items: Vec<PublicId>,
    },
    /// What lists show changed: items (their own ids) that came, changed and went.
    Library {
        added: Arc<[PublicId]>,
        updated: Arc<[PublicId]>,
        removed: Arc<[PublicId]>,
    },
}

/// Tells listeners.
#[derive(Clone)]
pub struct Events(broadcast::Sender<CatalogEvent>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Events {
    pub fn tell(&self, event: CatalogEvent) {
        // Nobody listening is fine.
        let _ = self.0.send(event);
    }

    pub fn listen(&self) -> broadcast::Receiver<CatalogEvent> {
        self.0.subscribe()
    }
}
