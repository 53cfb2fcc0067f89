//! A store that hears of copies before it knows their server, or what it did not expect.

use manyfin::accounts::PublicIds;
use manyfin::catalog::snapshot::{CopySeed, Snapshot};
use manyfin::catalog::store::{CopyChanges, Store};
use manyfin::catalog::sync::CrawlKind;
use manyfin::clock::Clock;
use manyfin::db::Db;
use manyfin::demo::DemoSpec;
use manyfin::model::{PublicId, UpstreamId};
use manyfin::wire::Packed;

use super::world::{World, names, settings};

fn seeds(snapshot: &Snapshot) -> Vec<CopySeed> {
    let seed = |copy: &manyfin::catalog::snapshot::Copy| CopySeed {
        row: copy.row(),
        server_id: copy.server_id(),
        library_row: copy.library_row(),
        light: copy.light.clone(),
        first_seen_at: copy.first_seen_at(),
        changed_at: copy.changed_at(),
        members: copy.members().into(),
    };
    snapshot.copies.iter().map(seed).collect()
}

/// The items by their copies.
fn items(snapshot: &Snapshot) -> Vec<(PublicId, PublicId)> {
    let copies = snapshot.copies.places();
    let mut items: Vec<_> = copies
        .map(|(at, copy)| (copy.id, snapshot.item(snapshot.item_of(at)).id))
        .collect();
    items.sort_unstable();
    items
}

fn came(upserted: Vec<CopySeed>) -> CopyChanges {
    CopyChanges {
        upserted,
        ..CopyChanges::default()
    }
}

both_databases!(what_cannot_be_followed_is_built_anew, |db: Db| async move {
    let ids = PublicIds::new([7; 32]);
    // It read the servers before there were any.
    let early = Store::load(db.clone(), Clock::system(), ids.clone());
    let early = early.await.unwrap();
    let world = World::new(db, vec![DemoSpec::films("Attic", 5, 0)], settings()).await;
    let server = world.sources[0].server.id;
    world.sync.crawl(server, CrawlKind::Full).await.unwrap();
    let whole = world.store.snapshot();
    let seeds = seeds(&whole);

    early.apply(came(seeds.clone())).await.unwrap();
    assert_eq!(names(&early.snapshot()), [""; 0], "nobody knows the server");
    let gone = CopyChanges {
        removed: vec![seeds[0].row],
        ..CopyChanges::default()
    };
    early.apply(gone).await.unwrap();
    early.reload_configuration().await.unwrap();
    let shown = early.snapshot();
    assert_eq!(shown.copies.len(), seeds.len() - 1);
    assert!(shown.copy_by_row(seeds[0].row).is_none());
    early.apply(came(vec![seeds[0].clone()])).await.unwrap();
    assert_eq!(items(&early.snapshot()), items(&whole));
    assert!(early.snapshot().delta.is_some(), "one new copy is followed");

    // A row of another copy than before, as after a database was put back.
    let mut other = seeds[1].clone();
    let mut light = other.light.unpack();
    light.id = UpstreamId::random();
    other.light = Packed::from(&light);
    early.apply(came(vec![other])).await.unwrap();
    let shown = early.snapshot();
    assert!(shown.delta.is_none());
    let there = shown.copy_by_row(seeds[1].row).expect("it is there");
    assert_eq!(shown.copy(there).upstream_id(), light.id);
    let before = whole.copy_by_row(seeds[1].row).expect("it was there");
    assert!(shown.copy_by_id(whole.copy(before).id).is_none());
    assert_eq!(shown.copies.len(), seeds.len());
});
