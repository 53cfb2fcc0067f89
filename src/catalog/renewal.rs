//! A server that was set up anew, or restored from a backup, tells its items under other ids. They are
//! known again by where they lie, else by the ids of providers, so that what clients have stored, what was
//! watched and what was decided by hand goes on.

use std::collections::{HashMap, HashSet};

use crate::db::departed::DepartedCopy;
use crate::model::{ItemKind, PublicId, ServerKey};
use crate::wire::Packed;

/// By what a copy is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub copy: PublicId,
    /// On its server.
    path: Option<Mark>,
    /// Each of them is enough.
    ids: Vec<Mark>,
}

/// A text that only one thing on a server should have.
type Mark = String;

impl Trace {
    pub fn of(copy: PublicId, light: &Packed) -> Self {
        let kind = light.kind;
        let path = light.path().filter(|path| !path.is_empty());
        let number = |number: Option<i32>| number.map_or_else(String::new, |it| it.to_string());
        // Episodes often carry the ids of their series.
        let numbers = format!(
            "{}/{}",
            number(light.parent_index_number()),
            number(light.index_number())
        );
        let ids = light.provider_ids().filter(|(_, id)| !id.is_empty());
        Self {
            copy,
            path: path.map(|path| format!("{kind} {path}")),
            ids: ids
                .map(|(provider, id)| format!("{kind} {provider} {id} {numbers}"))
                .collect(),
        }
    }

    /// As it is kept while the copy is gone; none for what nothing tells again.
    pub fn kept(&self, server: ServerKey, at: i64) -> Option<DepartedCopy> {
        if self.path.is_none() && self.ids.is_empty() {
            return None;
        }
        Some(DepartedCopy {
            copy_public_id: self.copy.to_string(),
            server_key: server.to_string(),
            path: self.path.clone(),
            ids: serde_json::to_string(&self.ids).expect("texts are JSON"),
            departed_at: at,
        })
    }

    pub fn read(kept: &DepartedCopy) -> Option<Self> {
        Some(Self {
            copy: kept.copy_public_id.parse().ok()?,
            path: kept.path.clone(),
            ids: serde_json::from_str(&kept.ids).ok()?,
        })
    }
}

/// Kinds that are known again: what people store and watch.
pub fn is_followed(kind: ItemKind) -> bool {
    !matches!(
        kind,
        ItemKind::Folder | ItemKind::CollectionFolder | ItemKind::Unknown
    )
}

/// Which of those that came are ones that went (went, came): by the path first, then by ids, each only
/// where it leaves no choice.
pub fn renewed(gone: &[Trace], came: &[Trace]) -> Vec<(PublicId, PublicId)> {
    let mut found: HashMap<PublicId, PublicId> = HashMap::new();
    let mut taken: HashSet<PublicId> = HashSet::new();
    let marks: [fn(&Trace) -> &[Mark]; 2] = [|trace| trace.path.as_slice(), |trace| &trace.ids];
    for marks_of in marks {
        let left =
            |trace: &&Trace| !found.contains_key(&trace.copy) && !taken.contains(&trace.copy);
        let went = single(gone.iter().filter(left), marks_of);
        let here = single(came.iter().filter(left), marks_of);
        let mut pairs: Vec<(PublicId, PublicId)> = went
            .into_iter()
            .filter_map(|(mark, old)| Some((old?, (*here.get(mark)?)?)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        for (old, new) in unambiguous(&pairs) {
            found.insert(old, new);
            taken.insert(new);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// The only copy of each mark; none where several have it.
fn single<'a>(
    traces: impl Iterator<Item = &'a Trace>,
    marks_of: fn(&Trace) -> &[Mark],
) -> HashMap<&'a str, Option<PublicId>> {
    let mut single: HashMap<&str, Option<PublicId>> = HashMap::new();
    for trace in traces {
        for mark in marks_of(trace) {
            single
                .entry(mark)
                .and_modify(|known| *known = known.filter(|known| *known == trace.copy))
                .or_insert(Some(trace.copy));
        }
    }
    single
}

/// Pairs neither side of which is in another pair.
fn unambiguous(pairs: &[(PublicId, PublicId)]) -> Vec<(PublicId, PublicId)> {
    let count = |side: fn(&(PublicId, PublicId)) -> PublicId| {
        let mut counts: HashMap<PublicId, usize> = HashMap::new();
        pairs
            .iter()
            .for_each(|pair| *counts.entry(side(pair)).or_default() += 1);
        counts
    };
    let (olds, news) = (count(|pair| pair.0), count(|pair| pair.1));
    let alone = |(old, new): &&(PublicId, PublicId)| olds[old] == 1 && news[new] == 1;
    pairs.iter().filter(alone).copied().collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::UpstreamId;
    use crate::wire::LightItem;

    fn film(number: u128, path: &str, ids: &[(&'static str, &str)]) -> Trace {
        let id = UpstreamId(Uuid::from_u128(number));
        let mut light = LightItem::new(id, ItemKind::Movie, "Heat");
        light.path = Some(path.into());
        light.provider_ids = ids.iter().map(|(name, id)| (*name, (*id).into())).collect();
        Trace::of(PublicId(Uuid::from_u128(number)), &Packed::from(&light))
    }

    fn pairs(gone: &[Trace], came: &[Trace]) -> Vec<(u128, u128)> {
        let found = renewed(gone, came).into_iter();
        found.map(|(a, b)| (a.0.as_u128(), b.0.as_u128())).collect()
    }

    #[test]
    fn by_the_path_then_by_ids() {
        let gone = [
            film(1, "/a", &[("Tmdb", "1")]),
            film(2, "/b", &[("Tmdb", "2")]),
            film(3, "/c", &[]),
        ];
        // The files of 1 and 2 have changed places: the path says more than the ids.
        let came = [
            film(11, "/a", &[("Tmdb", "2")]),
            film(12, "/elsewhere", &[("Tmdb", "2"), ("Imdb", "tt2")]),
            film(13, "/c", &[("Tmdb", "3")]),
        ];
        assert_eq!(pairs(&gone, &came), [(1, 11), (2, 12), (3, 13)]);
    }

    #[test]
    fn only_where_there_is_no_choice() {
        let gone = [
            film(1, "/a", &[("Tmdb", "1")]),
            film(2, "/b", &[("Tmdb", "1")]),
        ];
        let one = [film(11, "/x", &[("Tmdb", "1")])];
        assert_eq!(pairs(&gone, &one), []);
        let two = [
            film(11, "/x", &[("Tmdb", "1")]),
            film(12, "/y", &[("Tmdb", "1")]),
        ];
        assert_eq!(pairs(&gone[..1], &two), []);
        let contradicting = [film(11, "/x", &[("Tmdb", "1"), ("Imdb", "tt3")])];
        let also = film(3, "/c", &[("Imdb", "tt3")]);
        assert_eq!(pairs(&[gone[0].clone(), also], &contradicting), []);
    }

    #[test]
    fn what_nothing_tells_again_is_not_kept() {
        let key = ServerKey(Uuid::from_u128(1));
        assert!(film(1, "", &[]).kept(key, 0).is_none());
        let trace = film(1, "/a", &[("Tmdb", "1")]);
        let kept = trace.kept(key, 7).expect("it has a path");
        assert_eq!(Trace::read(&kept), Some(trace));
    }
}
