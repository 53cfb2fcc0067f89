//! What an address was shown in detail: players that send no token may play it from there for some hours.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;

use crate::catalog::scope::{Entry, Scope};
use crate::catalog::snapshot::ItemIx;
use crate::catalog::{Catalog, CatalogError};
use crate::db::shown_items::{self, ShownItem};
use crate::model::PublicId;

/// How long an address that was told of an item may play it without a token, in milliseconds.
pub const TOLD_MS: i64 = 12 * 3600 * 1000;
/// What was noted so lately is not noted again: people open the same details many times.
const NOTED_MS: i64 = 3600 * 1000;
/// How many are remembered in memory.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");

/// An address and an item's own id.
type Key = (IpAddr, PublicId);

/// What was noted lately: to whom it was shown last, and when that was written down.
pub struct Shown(Mutex<LruCache<Key, (PublicId, i64)>>);

impl Default for Shown {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Shown {
    /// Whether it must be written down.
    fn note(&self, key: Key, user: PublicId, now: i64) -> bool {
        let mut noted = self.0.lock().expect("no panic while locked");
        match noted.get(&key) {
            Some((known, at)) if *known == user && now - at < NOTED_MS => false,
            _ => {
                noted.put(key, (user, now));
                true
            }
        }
    }

    fn last(&self, key: Key, since: i64) -> Option<PublicId> {
        let mut noted = self.0.lock().expect("no panic while locked");
        let (user, at) = noted.get(&key)?;
        (*at >= since).then_some(*user)
    }
}

impl Catalog {
    /// Notes that this viewer was shown an item's details at this address. It is written down in the
    /// background: nobody waits for it.
    pub fn note_shown(&self, scope: &Scope, entry: &Entry, address: IpAddr) {
        let Entry::Item(entry) = entry else {
            return;
        };
        let item = scope.snapshot().item(entry.item);
        if !item.kind.is_folder() {
            self.note_shown_id(scope, item.id, address);
        }
    }

    /// The same of an item by its own id, or of an extra.
    pub(in crate::catalog) fn note_shown_id(&self, scope: &Scope, id: PublicId, address: IpAddr) {
        let user = scope.viewer.user_id;
        let (address, now) = (address.to_canonical(), self.clock().millis());
        if !self.shown().note((address, id), user, now) {
            return;
        }
        let row = ShownItem {
            user_id: user.to_string(),
            address: address.to_string(),
            item_id: id.to_string(),
            shown_at: now,
        };
        let db = self.db().clone();
        tokio::spawn(async move {
            if let Err(error) = shown_items::put(&db, &row).await {
                tracing::warn!(%error, "what an address was shown was not written down: {error}");
            }
        });
    }

    /// Who was shown this item at this address within the last hours.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shown_to(
        &self,
        address: IpAddr,
        item: ItemIx,
    ) -> Result<Option<PublicId>, CatalogError> {
        let snapshot = self.snapshot();
        let item = snapshot.item(item);
        // Under a copy's id it stood while the copy was an item by itself.
        let copies = item.copies.iter().map(|copy| snapshot.copy(*copy).id);
        let ids: Vec<PublicId> = [item.id].into_iter().chain(copies).collect();
        self.shown_ids_to(address, &ids).await
    }

    /// Who was shown one of these there within the last hours; the first is the id that is noted now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shown_ids_to(
        &self,
        address: IpAddr,
        ids: &[PublicId],
    ) -> Result<Option<PublicId>, CatalogError> {
        let (address, since) = (address.to_canonical(), self.clock().millis() - TOLD_MS);
        let noted = ids.first().map(|id| (address, *id));
        if let Some(user) = noted.and_then(|noted| self.shown().last(noted, since)) {
            return Ok(Some(user));
        }
        let ids: Vec<String> = ids.iter().map(PublicId::to_string).collect();
        let found = shown_items::last(self.db(), &address.to_string(), &ids, since).await?;
        Ok(found.and_then(|found| found.user_id.parse().ok()))
    }
}
