//! Keeps what is gone in mind, and puts what came in its place where it is the same under another id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Renewed, Store, Writer};
use crate::catalog::CatalogError;
use crate::catalog::decisions::Standing;
use crate::catalog::renewal::{Trace, is_followed, renewed};
use crate::catalog::snapshot::KnownCopy;
use crate::db;
use crate::db::departed::{self, DepartedCopy, RenewedCopy};
use crate::model::{PublicId, ServerKey};

/// A crawl shows what is new before it knows what is gone: what came so lately may be what goes now.
pub(super) const LATELY_MS: i64 = 24 * 3600 * 1000;

impl Store {
    /// Copies came (by their rows) and went: whichever is one under another id takes its place; the rest
    /// of what went is kept in mind. Tells what took a place. `keys`: of all servers, also of those that went with their copies.
    pub(super) async fn follow(
        &self,
        writer: &mut Writer,
        keys: &HashMap<i64, ServerKey>,
        came: &[i64],
        gone: &[Arc<KnownCopy>],
    ) -> Result<Vec<Renewed>, CatalogError> {
        let now = self.clock.millis();
        let mut pairs = self.back_after_a_while(writer, keys, came).await?;
        let mut departed: Vec<DepartedCopy> = Vec::new();
        let servers: HashSet<i64> = gone.iter().map(|seed| seed.server_id()).collect();
        for (server, key) in keys.iter().filter(|(server, _)| servers.contains(server)) {
            let trace = |copy: &Arc<KnownCopy>| Trace::of(copy.id, &copy.light);
            let followed = |copy: &&Arc<KnownCopy>| {
                copy.server_id() == *server && is_followed(copy.light.kind)
            };
            let went: Vec<&Arc<KnownCopy>> = gone.iter().filter(followed).collect();
            let earliest = went.iter().map(|seed| seed.first_seen_at()).min();
            let since = earliest.unwrap_or(now).max(now - LATELY_MS);
            writer.late = writer.late.split_off(&(now - LATELY_MS, i64::MIN));
            let late = writer.late.range((since, i64::MIN)..);
            let late = late.filter_map(|(_, row)| writer.copies.get(row));
            let late = late.filter(|seed| seed.first_seen_at() >= since && followed(seed));
            let late: Vec<Trace> = late.map(trace).collect();
            let traces: Vec<Trace> = went.into_iter().map(trace).collect();
            let found = renewed(&traces, &late);
            let is_found = |copy: PublicId| found.iter().any(|(old, _)| *old == copy);
            let lost = traces.iter().filter(|trace| !is_found(trace.copy));
            departed.extend(lost.filter_map(|trace| trace.kept(*key, now)));
            pairs.extend(found);
        }
        if !departed.is_empty() {
            departed::keep(&self.db, &departed, now).await?;
        }
        self.replace(writer, &pairs).await
    }

    /// The rows of those among these that may be others under new ids: never seen before, or gone for so long
    /// that another has its place, as when a server goes back to what it was before it was restored.
    pub(super) async fn unplaced(
        &self,
        writer: &Writer,
        copies: &[Arc<KnownCopy>],
    ) -> Result<Vec<i64>, CatalogError> {
        let seen = &writer.remembered.item_of_copy;
        let is_seen = |copy: &&Arc<KnownCopy>| seen.contains_key(&copy.id);
        let (back, new): (Vec<_>, Vec<_>) = copies.iter().partition(is_seen);
        let snapshot = self.current.load();
        let is_away = |copy: &&Arc<KnownCopy>| snapshot.copy_by_id(copy.id).is_none();
        let back: Vec<_> = back.into_iter().filter(is_away).collect();
        let ids: Vec<String> = back.iter().map(|copy| copy.id.to_string()).collect();
        let kept: HashSet<String> = match ids.is_empty() {
            true => HashSet::new(),
            false => departed::kept_of(&self.db, &ids)
                .await?
                .into_iter()
                .collect(),
        };
        let replaced = back.into_iter().zip(ids);
        let replaced = replaced.filter(|(_, id)| !kept.contains(id));
        let all = new.into_iter().chain(replaced.map(|(copy, _)| copy));
        Ok(all.map(|copy| copy.row()).collect())
    }

    /// What came is compared with what has been gone for a while.
    async fn back_after_a_while(
        &self,
        writer: &Writer,
        keys: &HashMap<i64, ServerKey>,
        came: &[i64],
    ) -> Result<Vec<(PublicId, PublicId)>, CatalogError> {
        let mut by_server: HashMap<ServerKey, Vec<Trace>> = HashMap::new();
        let seeds = came.iter().filter_map(|row| writer.copies.get(row));
        for seed in seeds.filter(|seed| is_followed(seed.light.kind)) {
            if let Some(key) = keys.get(&seed.server_id()) {
                let trace = Trace::of(seed.id, &seed.light);
                by_server.entry(*key).or_default().push(trace);
            }
        }
        if by_server.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<String> = by_server.keys().map(ToString::to_string).collect();
        let kept = departed::of_servers(&self.db, &asked).await?;
        let snapshot = self.current.load();
        let is_here = |copy: PublicId| snapshot.copy_by_id(copy).is_some();
        let mut pairs = Vec::new();
        for (key, came) in by_server {
            let key = key.to_string();
            let gone: Vec<Trace> = kept
                .iter()
                .filter(|row| row.server_key == key)
                .filter_map(Trace::read)
                .filter(|trace| !is_here(trace.copy))
                .collect();
            pairs.extend(renewed(&gone, &came));
        }
        Ok(pairs)
    }

    /// Each new copy is part of the old one's item, and what was decided about the old one holds for it.
    async fn replace(
        &self,
        writer: &mut Writer,
        pairs: &[(PublicId, PublicId)],
    ) -> Result<Vec<Renewed>, CatalogError> {
        let remembered = &mut writer.remembered;
        let (mut rows, mut renewed) = (Vec::new(), Vec::new());
        let part_of = |(old, new)| Some((old, new, *remembered.item_of_copy.get(&old)?));
        let pairs: Vec<_> = pairs.iter().copied().filter_map(part_of).collect();
        for (old, new, item) in &pairs {
            let before = remembered.item_of_copy.insert(*new, *item);
            let before = before.filter(|before| before != item);
            if let Some(before) = before {
                let former = remembered.former.entry(*new).or_default();
                if !former.contains(&before) {
                    former.push(before);
                }
            }
            let mut was_in = remembered.former.get(old).cloned().unwrap_or_default();
            was_in.push(*item);
            let mut founded = Vec::new();
            for id in was_in {
                if let Some(item) = remembered.items.get_mut(&id)
                    && item.founder == *old
                {
                    item.founder = *new;
                    founded.push(id.to_string());
                }
            }
            renewed.push((*new, before));
            tracing::info!(%old, %new, "a copy came back under another id");
            rows.push(RenewedCopy {
                old: old.to_string(),
                new: new.to_string(),
                item: item.to_string(),
                before: before.map(|id| id.to_string()),
                founded,
            });
        }
        if rows.is_empty() {
            return Ok(renewed);
        }
        departed::renew(&self.db, &rows).await?;
        let standing = db::decisions::standing(&self.db).await?;
        writer.configuration.standing = Standing::of(&standing);
        Ok(renewed)
    }
}

/// The keys of the servers that are configured, by their rows.
pub(super) fn keys(writer: &Writer) -> HashMap<i64, ServerKey> {
    let servers = writer.configuration.servers.iter();
    servers.map(|server| (server.id, server.key)).collect()
}
