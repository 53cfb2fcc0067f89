use std::collections::HashMap;
use std::time::Duration;

use manyfin::catalog::sync::{CrawlKind, SyncError};
use manyfin::db::{Db, copies, crawls};
use manyfin::demo::{DemoSpec, Fault};
use manyfin::model::ItemKind;

use super::world::{World, names, settings};

fn start_indexes(world: &World) -> Vec<String> {
    let asked = world.sources[0].asked("/Items").into_iter();
    let pages =
        asked.filter(|seen| seen.query.contains("parentId") && seen.query.contains("limit=10"));
    pages
        .filter_map(|seen| {
            let pairs = url::form_urlencoded::parse(seen.query.as_bytes());
            let pairs: HashMap<_, _> = pairs.into_owned().collect();
            Some(format!(
                "{} {}",
                pairs.get("parentId")?,
                pairs.get("startIndex")?
            ))
        })
        .collect()
}

both_databases!(a_full_crawl_reads_page_by_page, |db: Db| async move {
    let world = World::new(db, vec![DemoSpec::films("Attic", 35, 0)], settings()).await;
    let id = world.sources[0].server.id;
    world.sources[0].demo.clear_seen();
    let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
    assert_eq!(report.kind, Some(CrawlKind::Full), "the first one is full");
    assert_eq!(
        (report.changed, report.removed, report.incomplete),
        (0, 0, false)
    );
    let movies = world.sources[0].demo.items(ItemKind::Movie).len();
    assert_eq!(movies, 35);
    let starts = start_indexes(&world);
    for start in ["0", "10", "20", "30"] {
        assert!(
            starts
                .iter()
                .any(|page| page.ends_with(&format!(" {start}"))),
            "{starts:?}"
        );
    }
    let snapshot = world.store.snapshot();
    let shown = snapshot
        .copies
        .iter()
        .filter(|copy| copy.light.kind == ItemKind::Movie);
    assert_eq!(shown.clone().count(), 35);
    assert!(shown.clone().all(|copy| copy.library().is_some()));
    assert!(
        shown
            .clone()
            .all(|copy| !copy.light.media_sources().is_empty()),
        "the dear part is there"
    );
    assert_eq!(copies::count_without_body(&world.db, id).await.unwrap(), 0);
    let row = crawls::get(&world.db, id).await.unwrap().unwrap();
    assert_eq!((row.phase.as_str(), row.error), ("idle", None));
    assert!(row.full_finished_at.is_some());
});

both_databases!(
    a_crawl_that_is_killed_goes_on_where_it_was,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 60, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        source.demo.clear_seen();
        source.demo.set_delay(Duration::from_millis(15));
        let mut kills = 0;
        let report = loop {
            let crawl = world.sync.crawl(id, CrawlKind::Full);
            match tokio::time::timeout(Duration::from_millis(100 + 7 * kills), crawl).await {
                Ok(report) => break report.unwrap(),
                Err(_) => kills += 1,
            }
            assert!(kills < 100, "it never comes to its end");
        };
        assert!(kills >= 2, "{kills}");
        assert_eq!(report.kind, Some(CrawlKind::Full));
        // As the next process reads it: what a killed one had still to publish is lost with it.
        let ids = manyfin::accounts::PublicIds::new([7; 32]);
        let next = manyfin::catalog::store::Store::load(world.db.clone(), world.clock.clone(), ids);
        let next = next.await.unwrap().snapshot();
        assert_eq!(
            names(&next).len(),
            copies::ids_of_server(&world.db, id).await.unwrap().len()
        );
        let movies = next
            .copies
            .iter()
            .filter(|copy| copy.light.kind == ItemKind::Movie);
        assert_eq!(movies.count(), 60);
        // A page is asked for again only when the kill came before it was written.
        let pages = start_indexes(&world);
        let mut once = pages.clone();
        once.sort();
        once.dedup();
        assert!(
            pages.len() - once.len() <= usize::try_from(kills).unwrap(),
            "{pages:?}"
        );
        assert_eq!(
            crawls::get(&world.db, id)
                .await
                .unwrap()
                .unwrap()
                .generation,
            1,
            "one crawl in all"
        );
    }
);

both_databases!(an_incremental_crawl_asks_for_little, |db: Db| async move {
    let world = World::new(db, vec![DemoSpec::films("Attic", 60, 0)], settings()).await;
    let (source, id) = (&world.sources[0], world.sources[0].server.id);
    world.sync.crawl(id, CrawlKind::Full).await.unwrap();

    let film = source.demo.items(ItemKind::Movie)[3];
    source.demo.rename_item(film, "Quite Another Name");
    source.demo.clear_seen();
    let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
    assert_eq!(
        (report.added, report.changed, report.removed),
        (0, 1, 0),
        "{report:?}"
    );
    assert!(!report.wants_full);
    let asked = source.all_asked();
    assert!(asked.len() <= 8, "{asked:#?}");
    assert!(world.names().contains(&"Quite Another Name".to_owned()));

    source.demo.clear_seen();
    let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
    assert_eq!((report.added, report.changed, report.bodies), (0, 0, 0));
});

both_databases!(
    what_is_saved_without_a_change_is_no_change,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let before = world.store.snapshot();
        for film in source.demo.items(ItemKind::Movie) {
            assert!(source.demo.edit_item(film, |_| {}));
        }
        let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert_eq!(report.changed, 0, "{report:?}");
        let after = world.store.snapshot();
        for copy in before.copies.iter() {
            let again = after.copy(after.copy_by_row(copy.row()).unwrap());
            assert_eq!(again.changed_at(), copy.changed_at());
        }
    }
);

both_databases!(
    what_is_gone_is_removed_by_a_full_crawl,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let all = world.names().len();
        let films = source.demo.items(ItemKind::Movie);
        for film in &films[5..8] {
            assert!(source.demo.remove_item(*film));
        }
        let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert!(report.wants_full, "the server counts less");
        let report = world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        assert_eq!(
            (report.removed, report.added, report.changed),
            (3, 0, 0),
            "{report:?}"
        );
        assert_eq!(world.names().len(), all - 3);
        let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert!(!report.wants_full);
    }
);

both_databases!(
    a_server_that_fails_loses_nothing_and_holds_nobody,
    |db: Db| async move {
        let specs = vec![
            DemoSpec::films("Attic", 25, 0),
            DemoSpec::films("Basement", 25, 10),
        ];
        let world = World::new(db, specs, settings()).await;
        let ids: Vec<i64> = world
            .sources
            .iter()
            .map(|source| source.server.id)
            .collect();
        for id in &ids {
            world.sync.crawl(*id, CrawlKind::Full).await.unwrap();
        }
        let all = world.names().len();
        for fault in [
            Fault::Status500,
            Fault::Html,
            Fault::TruncatedJson,
            Fault::Starting,
            Fault::WrongTypes,
        ] {
            world.sources[0].demo.set_fault(Some(fault));
            let (failing, fine) = tokio::join!(
                world.sync.crawl(ids[0], CrawlKind::Full),
                world.sync.crawl(ids[1], CrawlKind::Full),
            );
            let harmless = failing.as_ref().is_ok_and(|report| report.removed == 0);
            assert!(failing.is_err() || harmless, "{fault:?}: {failing:?}");
            assert!(fine.is_ok());
            assert_eq!(world.names().len(), all, "{fault:?}");
        }
        world.sources[0].demo.set_fault(Some(Fault::Unauthorized));
        let refused = world.sync.crawl(ids[0], CrawlKind::Full).await;
        assert!(
            matches!(refused, Err(SyncError::Upstream(_))),
            "{refused:?}"
        );
        world.sources[0].demo.set_fault(None);
        let report = world.sync.crawl(ids[0], CrawlKind::Full).await.unwrap();
        assert_eq!((report.removed, report.changed), (0, 0));
        assert_eq!(world.names().len(), all);
    }
);

both_databases!(
    a_silent_server_keeps_its_copies_through_a_restart,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let id = world.sources[0].server.id;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let before = world.names();
        world.sources[0].demo.stop();
        assert!(world.sync.crawl(id, CrawlKind::Full).await.is_err());
        let ids = manyfin::accounts::PublicIds::new([7; 32]);
        let again =
            manyfin::catalog::store::Store::load(world.db.clone(), world.clock.clone(), ids);
        let again = again.await.unwrap().snapshot();
        assert_eq!(before, names(&again));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_server_is_followed_by_its_socket() {
    crate::support::database::on_sqlite(|db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let mut progress = world.sync.watch_progress();
        world.sync.start_all();
        let told = tokio::time::timeout(Duration::from_secs(20), async {
            while progress.recv().await.unwrap().finished_at.is_none() {}
        });
        told.await.expect("the first crawl ends");
        assert!(
            world
                .sync
                .progress()
                .iter()
                .any(|progress| progress.server_id == id)
        );
        // The socket stands a moment later.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let gone = source.demo.items(ItemKind::Movie)[0];
        let gone_name = source.demo.item_name(gone).unwrap();
        source.demo.remove_item(gone);
        source
            .demo
            .rename_item(source.demo.items(ItemKind::Movie)[0], "Renamed Over There");
        let followed = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let names = world.names();
                if names.contains(&"Renamed Over There".to_owned()) && !names.contains(&gone_name) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        followed
            .await
            .expect("the changes arrive without waiting for the clock");
        world.sync.stop_all();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn box_sets_hold_what_they_hold_there() {
    crate::support::database::on_sqlite(|db| async move {
        let spec = manyfin::demo::demo_sources(1, 60).remove(0);
        let world = World::new(db, vec![spec], settings()).await;
        let id = world.sources[0].server.id;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let snapshot = world.store.snapshot();
        let sets: Vec<_> = snapshot
            .copies
            .iter()
            .filter(|copy| copy.light.kind == ItemKind::BoxSet)
            .collect();
        assert!(sets.iter().all(|set| !set.members().is_empty()));
        assert_eq!(
            sets.len(),
            world.sources[0].demo.items(ItemKind::BoxSet).len()
        );
    })
    .await;
}
