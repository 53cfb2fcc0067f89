//! Holds the current snapshot and makes the next one when something changed. One writer at a time;
//! readers take what is there without a lock.

mod renewing;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use crate::accounts::PublicIds;
use crate::catalog::CatalogError;
use crate::catalog::decisions::Standing;
use crate::catalog::identity::Remembered;
use crate::catalog::scope::LinkAccess;
use crate::catalog::snapshot::{
    CopySeed, KnownCopy, MergedLibrary, Parts, ServerEntry, Snapshot, SourceLibrary, build,
};
use crate::clock::Clock;
use crate::db::{self, Db};

/// The servers and libraries as they are configured.
#[derive(Debug, Default, Clone)]
pub struct Configuration {
    pub servers: Vec<ServerEntry>,
    pub source_libraries: Vec<SourceLibrary>,
    pub merged_libraries: Vec<MergedLibrary>,
    /// What people decided by hand.
    pub standing: Standing,
}

/// What the links may see.
#[derive(Debug, Default, Clone)]
pub struct Access {
    /// Grows with every change.
    pub generation: u64,
    /// By `account_links.id`.
    pub links: HashMap<i64, Arc<LinkAccess>>,
}

/// See the module.
pub struct Store {
    db: Db,
    clock: Clock,
    ids: PublicIds,
    current: ArcSwap<Snapshot>,
    access: ArcSwap<Access>,
    writer: Mutex<Writer>,
    changed: watch::Sender<u64>,
}

struct Writer {
    /// By their rows.
    copies: HashMap<i64, Arc<KnownCopy>>,
    /// Of servers that are not configured yet, as far as is known here.
    waiting: Vec<CopySeed>,
    configuration: Configuration,
    remembered: Remembered,
}

/// A change of what is known of copies.
#[derive(Debug, Default)]
pub struct CopyChanges {
    /// New, or different from before.
    pub upserted: Vec<CopySeed>,
    /// `copies.id` of what is gone.
    pub removed: Vec<i64>,
}

impl Store {
    /// Loads everything from the database, so that a restart serves at once.
    pub async fn load(db: Db, clock: Clock, ids: PublicIds) -> Result<Self, CatalogError> {
        let configuration = super::load::configuration(&db).await?;
        let remembered = super::load::remembered(&db).await?;
        let access = super::load::access(&db).await?;
        let store = Self {
            db,
            clock,
            ids,
            current: ArcSwap::from_pointee(Snapshot::default()),
            access: ArcSwap::from_pointee(access),
            writer: Mutex::new(Writer {
                copies: HashMap::new(),
                waiting: Vec::new(),
                configuration,
                remembered,
            }),
            changed: watch::Sender::new(0),
        };
        let mut writer = store.writer.lock().await;
        let copies = super::load::copies(&store.db, |seed| store.known(&mut writer, seed)).await?;
        writer.copies = copies.into_iter().map(|copy| (copy.row, copy)).collect();
        store.rebuild(&mut writer).await?;
        drop(writer);
        Ok(store)
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    pub fn access(&self) -> Arc<Access> {
        self.access.load_full()
    }

    /// Counts the changes of snapshot and access.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Takes over what a crawl found; the rows are in the database already.
    pub async fn apply(&self, changes: CopyChanges) -> Result<(), CatalogError> {
        let mut writer = self.writer.lock().await;
        let upserted = changes.upserted.into_iter();
        let upserted: Vec<_> = upserted
            .filter_map(|seed| self.known(&mut writer, seed))
            .collect();
        let came = renewing::unknown(&writer, &upserted);
        for copy in upserted {
            writer.copies.insert(copy.row, copy);
        }
        writer
            .waiting
            .retain(|seed| !changes.removed.contains(&seed.row));
        let removed = changes.removed.iter();
        let gone: Vec<_> = removed
            .filter_map(|row| writer.copies.remove(row))
            .collect();
        let keys = renewing::keys(&writer);
        self.follow(&mut writer, &keys, &came, &gone).await?;
        self.rebuild(&mut writer).await
    }

    /// Reads servers, libraries and decisions again.
    pub async fn reload_configuration(&self) -> Result<(), CatalogError> {
        let mut writer = self.writer.lock().await;
        let keys = renewing::keys(&writer);
        writer.configuration = super::load::configuration(&self.db).await?;
        let servers: Vec<i64> = writer
            .configuration
            .servers
            .iter()
            .map(|server| server.id)
            .collect();
        let waiting = std::mem::take(&mut writer.waiting).into_iter();
        let waiting: Vec<_> = waiting
            .filter_map(|seed| self.known(&mut writer, seed))
            .collect();
        for copy in waiting {
            writer.copies.insert(copy.row, copy);
        }
        let without_server =
            |_: &i64, copy: &mut Arc<KnownCopy>| !servers.contains(&copy.server_id);
        let gone = writer.copies.extract_if(without_server);
        let gone: Vec<_> = gone.map(|(_, copy)| copy).collect();
        self.follow(&mut writer, &keys, &[], &gone).await?;
        self.rebuild(&mut writer).await
    }

    /// A copy as snapshots hold it; one whose server is not known waits until it is.
    fn known(&self, writer: &mut Writer, seed: CopySeed) -> Option<Arc<KnownCopy>> {
        let known = KnownCopy::of(seed, &writer.configuration.servers, &self.ids);
        known.map_err(|seed| writer.waiting.push(seed)).ok()
    }

    /// Replaces what a link may see; nothing: the link is gone or refused.
    pub async fn set_access(&self, link: i64, access: Option<LinkAccess>) {
        let writer = self.writer.lock().await;
        let mut all = Access::clone(&self.access.load());
        match access {
            Some(access) => drop(all.links.insert(link, Arc::new(access))),
            None => drop(all.links.remove(&link)),
        }
        all.generation += 1;
        self.access.store(Arc::new(all));
        drop(writer);
        self.changed.send_modify(|count| *count += 1);
    }

    async fn rebuild(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        let generation = self.current.load().generation + 1;
        let parts = Parts {
            servers: writer.configuration.servers.clone(),
            source_libraries: writer.configuration.source_libraries.clone(),
            merged_libraries: writer.configuration.merged_libraries.clone(),
            copies: writer.copies.values().cloned().collect(),
            joined: &writer.configuration.standing.joined,
            parted: &writer.configuration.standing.parted,
            remembered: &writer.remembered,
            ids: &self.ids,
            generation,
        };
        // Grouping takes the processor for a while; readers go on meanwhile.
        let (mut snapshot, changes) = tokio::task::block_in_place(|| build(parts));
        snapshot.choose(&writer.configuration.standing.chosen);
        if !changes.is_empty() {
            let at = self.clock.millis();
            let new = db::items::NewIds {
                items: &changes.items,
                copies: &changes.copies,
                former: &changes.former,
                aliases: &changes.aliases,
            };
            db::items::remember(&self.db, new, at).await?;
            writer.remembered.apply(&changes, at);
        }
        self.current.store(Arc::new(snapshot));
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }
}
