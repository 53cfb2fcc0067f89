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

type Key = (IpAddr, PublicId, PublicId);

/// What was noted lately: address, item, user, and when.
pub struct Shown(Mutex<LruCache<Key, i64>>);

impl Default for Shown {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Shown {
    /// Whether it must be written down.
    fn note(&self, key: Key, now: i64) -> bool {
        let mut noted = self.0.lock().expect("no panic while locked");
        match noted.get(&key) {
            Some(at) if now - at < NOTED_MS => false,
            _ => {
                noted.put(key, now);
                true
            }
        }
    }
}

impl Catalog {
    /// Notes that this viewer was shown an item's details at this address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_shown(
        &self,
        scope: &Scope,
        entry: &Entry,
        address: IpAddr,
    ) -> Result<(), CatalogError> {
        let Entry::Item(entry) = entry else {
            return Ok(());
        };
        let (item, user) = (scope.snapshot().item(entry.item), scope.viewer.user_id);
        let (address, now) = (address.to_canonical(), self.clock().millis());
        if item.kind.is_folder() || !self.shown().note((address, item.id, user), now) {
            return Ok(());
        }
        let row = ShownItem {
            user_id: user.to_string(),
            address: address.to_string(),
            item_id: item.id.to_string(),
            shown_at: now,
        };
        Ok(shown_items::put(self.db(), &row).await?)
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
        let ids: Vec<String> = copies.chain([item.id]).map(|id| id.to_string()).collect();
        let since = self.clock().millis() - TOLD_MS;
        let address = address.to_canonical().to_string();
        let found = shown_items::last(self.db(), &address, &ids, since).await?;
        Ok(found.and_then(|found| found.user_id.parse().ok()))
    }
}
