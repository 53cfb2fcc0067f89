//! Holds the current snapshot and makes the next one when something changed. One writer at a time;
//! readers take what is there without a lock.

mod renewing;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use crate::accounts::PublicIds;
use crate::catalog::CatalogError;
use crate::catalog::decisions::Standing;
use crate::catalog::identity::{IdChanges, Remembered};
use crate::catalog::scope::LinkAccess;
use crate::catalog::snapshot::{
    Change, CopySeed, KnownCopy, Ledger, MergedLibrary, Parts, ServerEntry, Snapshot,
    SourceLibrary, begin, update,
};
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::model::PublicId;

/// The servers and libraries as they are configured.
#[derive(Debug, Default, Clone, PartialEq)]
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
    /// Those seen lately for the first time: when, and their rows.
    late: BTreeSet<(i64, i64)>,
    /// Of servers that are not configured yet, as far as is known here.
    waiting: Vec<CopySeed>,
    configuration: Configuration,
    remembered: Remembered,
    /// To make the next snapshot of the current one; none where everything must be built anew.
    ledger: Option<Ledger>,
}

/// Where more copies than this, and than one of so many, are affected by a change, everything is built anew.
const FEW: usize = 4_096;
const PART: usize = 8;

/// A copy that took the place of another, and the item that it was part of until then.
type Renewed = (PublicId, Option<PublicId>);

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
                late: BTreeSet::new(),
                waiting: Vec::new(),
                configuration,
                remembered,
                ledger: None,
            }),
            changed: watch::Sender::new(0),
        };
        let mut writer = store.writer.lock().await;
        let copies = super::load::copies(&store.db, |seed| store.known(&mut writer, seed)).await?;
        let now = store.clock.millis();
        for copy in copies {
            writer.keep(copy, now);
        }
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
        // Whatever fails on the way, the next snapshot is built anew.
        let ledger = writer.ledger.take();
        let upserted = changes.upserted.into_iter();
        let upserted: Vec<_> = upserted
            .filter_map(|seed| self.known(&mut writer, seed))
            .collect();
        let came = self.unplaced(&writer, &upserted).await?;
        let now = self.clock.millis();
        for copy in &upserted {
            writer.keep(copy.clone(), now);
        }
        writer
            .waiting
            .retain(|seed| !changes.removed.contains(&seed.row));
        let removed = changes.removed.iter();
        let gone: Vec<_> = removed
            .filter_map(|row| writer.copies.remove(row))
            .collect();
        let keys = renewing::keys(&writer);
        let renewed = self.follow(&mut writer, &keys, &came, &gone).await?;
        self.advance(&mut writer, ledger, &upserted, &changes.removed, &renewed)
            .await
    }

    /// Reads servers, libraries and decisions again.
    pub async fn reload_configuration(&self) -> Result<(), CatalogError> {
        let mut writer = self.writer.lock().await;
        let keys = renewing::keys(&writer);
        let configuration = super::load::configuration(&self.db).await?;
        let before = std::mem::replace(&mut writer.configuration, configuration);
        let ledger = writer.ledger.take();
        // Other decisions alone change little.
        let stays = Configuration {
            standing: writer.configuration.standing.clone(),
            ..before
        };
        if stays == writer.configuration && writer.waiting.is_empty() {
            return self.advance(&mut writer, ledger, &[], &[], &[]).await;
        }
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
        let now = self.clock.millis();
        for copy in waiting {
            writer.keep(copy, now);
        }
        let without_server =
            |_: &i64, copy: &mut Arc<KnownCopy>| !servers.contains(&copy.server_id());
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

    /// The next snapshot where these copies changed, or what was decided: of the one before, if it can be.
    async fn advance(
        &self,
        writer: &mut Writer,
        ledger: Option<Ledger>,
        upserted: &[Arc<KnownCopy>],
        removed: &[i64],
        renewed: &[Renewed],
    ) -> Result<(), CatalogError> {
        let Some(mut ledger) = ledger else {
            return self.rebuild(writer).await;
        };
        let current = self.current.load_full();
        let change = Change {
            upserted,
            removed,
            renewed,
            joined: &writer.configuration.standing.joined,
            parted: &writer.configuration.standing.parted,
            remembered: &writer.remembered,
            ids: &self.ids,
            most: FEW.max(current.copies.len() / PART),
        };
        let next = tokio::task::block_in_place(|| update(&current, &mut ledger, &change));
        match next {
            Some((snapshot, changes)) => self.publish(writer, snapshot, changes, ledger).await,
            None => self.rebuild(writer).await,
        }
    }

    async fn rebuild(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        writer.ledger = None;
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
        let (snapshot, changes, ledger) = tokio::task::block_in_place(|| begin(parts));
        self.publish(writer, snapshot, changes, ledger).await
    }

    /// Readers see a snapshot once its ids are remembered.
    async fn publish(
        &self,
        writer: &mut Writer,
        mut snapshot: Snapshot,
        changes: IdChanges,
        ledger: Ledger,
    ) -> Result<(), CatalogError> {
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
        writer.ledger = Some(ledger);
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }
}

impl Writer {
    fn keep(&mut self, copy: Arc<KnownCopy>, now: i64) {
        if copy.first_seen_at() >= now - renewing::LATELY_MS {
            self.late.insert((copy.first_seen_at(), copy.row()));
        }
        self.copies.insert(copy.row(), copy);
    }
}
