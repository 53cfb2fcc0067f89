//! Which item is whose parent, series, season and album; what box sets and playlists hold.

use super::relatives::Relatives;
use super::{Copy, CopyIx, ItemIx, Snapshot};
use crate::merge::name::combine;
use crate::model::{ItemKind, UpstreamId};

/// The items that an item names as its family: of each the first that a copy names, in copy order.
pub(super) fn family(snapshot: &Snapshot, ix: ItemIx) -> Relatives {
    let item = snapshot.item(ix);
    let first = |of: fn(Relatives) -> Option<CopyIx>| {
        let mut copies = item.copies.iter();
        let named = copies.find_map(|copy| of(snapshot.copy(*copy).family));
        named.map(|copy| snapshot.item_of(copy))
    };
    let series = first(Relatives::series);
    let season = first(Relatives::season);
    let album = first(Relatives::album);
    let told = || first(Relatives::parent);
    let parent = match item.kind {
        ItemKind::Season => series.or_else(told),
        ItemKind::Episode => season.or(series).or_else(told),
        ItemKind::Audio => album.or_else(told),
        _ => told(),
    };
    let parent = parent.filter(|parent| *parent != ix);
    Relatives::new([parent, series, season, album])
}

/// Whether what is named as parents does not end: one server nests A in B, another B in A.
pub(super) fn is_endless(parent: ItemIx, next: impl Fn(ItemIx) -> Option<ItemIx>) -> bool {
    let mut at = Some(parent);
    for _ in 0..64 {
        match at {
            Some(above) => at = next(above),
            None => return false,
        }
    }
    true
}

/// The union of what the copies of a box set hold, the first copy's order first.
pub(super) fn members(snapshot: &Snapshot, copies: &[CopyIx]) -> Vec<ItemIx> {
    let mut found = Vec::new();
    let copies = copies.iter().map(|copy| snapshot.copy(*copy));
    for copy in copies.filter(|copy| copy.light.kind.has_members()) {
        for member in copy.members() {
            let Some(member) = snapshot.copy_by_upstream(copy.server, *member) else {
                continue;
            };
            let item = snapshot.item_of(member);
            if !found.contains(&item) {
                found.push(item);
            }
        }
    }
    found
}

/// Parent, series, season and album of a copy, on its own server.
pub(super) fn relatives(snapshot: &Snapshot, copy: &Copy) -> Relatives {
    let find = |id: Option<UpstreamId>| snapshot.copy_by_upstream(copy.server, id?);
    let light = &copy.light;
    Relatives::new([
        find(light.parent_id()),
        find(light.series_id()),
        find(light.season_id()),
        find(light.album_id()),
    ])
}

/// Keys of all that a copy names on its server: its family, its members.
pub(super) fn named_by(copy: &Copy) -> Vec<u64> {
    let light = &copy.light;
    let family = [
        light.parent_id(),
        light.series_id(),
        light.season_id(),
        light.album_id(),
    ];
    let mut named: Vec<UpstreamId> = family.into_iter().flatten().collect();
    named.extend(copy.members());
    named.sort_unstable();
    named.dedup();
    let key = |id: UpstreamId| name_key(copy.server, id);
    named.into_iter().map(key).collect()
}

/// The key under which a copy is named.
pub(super) fn name_key(server: u32, id: UpstreamId) -> u64 {
    let id = id.0.as_u128();
    combine(&[u64::from(server), id as u64, (id >> 64) as u64])
}
