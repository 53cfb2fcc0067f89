//! Pictures of names (people, mostly) by the ids of the names, for who asks without a token: made of the
//! whole catalog once, so that an id that means nothing costs nothing.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::images::ImageChoice;
use crate::accounts::PublicIds;
use crate::catalog::Catalog;
use crate::catalog::names::each_name;
use crate::catalog::snapshot::{CopyIx, Snapshot};
use crate::merge::name::fold;
use crate::model::PublicId;

/// Making it anew takes at most one part in so many of the time: a catalog that changes all the while must
/// not keep a core busy for strangers.
const SELDOM: u32 = 10;

/// See the module.
#[derive(Default)]
pub struct NamePictures(Mutex<Option<Kept>>);

struct Kept {
    generation: u64,
    made: Instant,
    took: Duration,
    places: Places,
}

/// The first bytes of a name's id with a copy that has a picture of it, in order. What they lead to is looked
/// at: it need not be true of a later snapshot.
#[derive(Clone)]
struct Places(Arc<[(u64, CopyIx)]>);

impl Catalog {
    /// The picture of a name, whoever sees it: who knows the id was told it.
    pub async fn name_picture(&self, id: PublicId, tag: Option<&str>) -> Option<ImageChoice> {
        let snapshot = self.snapshot();
        let places = self.name_pictures().places(&snapshot, self.ids()).await?;
        places.find(&snapshot, self.ids(), id, tag)
    }
}

impl NamePictures {
    async fn places(&self, snapshot: &Arc<Snapshot>, ids: &PublicIds) -> Option<Places> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = &*kept {
            let is_new = kept.made.elapsed() < kept.took * SELDOM;
            if is_new || kept.generation == snapshot.generation {
                return Some(kept.places.clone());
            }
        }
        let (whole, ids) = (snapshot.clone(), ids.clone());
        let begun = Instant::now();
        let made = tokio::task::spawn_blocking(move || Places::of(&whole, &ids));
        let places = made.await.ok()?;
        *kept = Some(Kept {
            generation: snapshot.generation,
            made: Instant::now(),
            took: begun.elapsed(),
            places: places.clone(),
        });
        Some(places)
    }
}

impl Places {
    fn of(snapshot: &Snapshot, ids: &PublicIds) -> Self {
        // A name has the same picture in hundreds of copies: its id is worked out for the first of them.
        let (mut seen, hasher) = (HashSet::new(), RandomState::new());
        let mut found = Vec::new();
        for at in 0..snapshot.copies.bound() {
            let Some(copy) = snapshot.copies.get(at) else {
                continue;
            };
            each_name(copy, |kind, name, upstream, tag| {
                if let (Some(_), Some(tag)) = (upstream, tag)
                    && seen.insert(hasher.hash_one((kind, name, tag)))
                {
                    found.push((start(ids.name(kind, &fold(name))), at));
                }
            });
        }
        found.sort_unstable();
        found.dedup();
        Self(found.into())
    }

    fn find(
        &self,
        snapshot: &Snapshot,
        ids: &PublicIds,
        id: PublicId,
        tag: Option<&str>,
    ) -> Option<ImageChoice> {
        let wanted = start(id);
        let first = self.0.partition_point(|(known, _)| *known < wanted);
        let fitting = self.0[first..].iter();
        let mut fitting = fitting.take_while(|(known, _)| *known == wanted);
        fitting.find_map(|(_, at)| {
            let copy = snapshot.copies.get(*at)?;
            let mut found = None;
            each_name(copy, |kind, name, upstream, known| {
                if let (None, Some(upstream), Some(known)) = (&found, upstream, known)
                    && tag.is_none_or(|tag| tag == known)
                    && ids.name(kind, &fold(name)) == id
                {
                    found = Some(ImageChoice {
                        server_id: snapshot.server_of(copy).id,
                        item: upstream,
                        tag: known.to_owned(),
                    });
                }
            });
            found
        })
    }
}

fn start(id: PublicId) -> u64 {
    id.0.as_u64_pair().0
}
