//! Servers that answer, but not as Jellyfin does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manyfin::catalog::sync::{CrawlKind, CrawlReport, SyncSettings};
use manyfin::db::Db;
use manyfin::demo::DemoSpec;
use manyfin::model::ItemKind;
use serde_json::{Value, json};

use super::world::{World, settings};
use crate::support::doctor::Doctor;
use crate::support::gateway::eventually;

/// A full crawl; panics when it does not come to its end.
async fn crawl(world: &World) -> CrawlReport {
    let id = world.sources[0].server.id;
    let crawl = world.sync.crawl(id, CrawlKind::Full);
    let crawled = tokio::time::timeout(Duration::from_secs(30), crawl).await;
    crawled.expect("it comes to its end").unwrap()
}

both_databases!(
    what_is_of_no_known_kind_any_more_is_not_shown_and_comes_back_as_it_was,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let demo = &world.sources[0].demo;
        crawl(&world).await;
        let all = world.names();
        let ids = |world: &World| {
            let snapshot = world.store.snapshot();
            let mut ids: Vec<_> = snapshot.items.iter().map(|item| item.id).collect();
            ids.sort();
            ids
        };
        let before = ids(&world);
        let films = demo.items(ItemKind::Movie);
        let changed = [films[3], films[4]];
        demo.edit_item(changed[0], |body| drop(body.remove("Type")));
        demo.edit_item(changed[1], |body| {
            body.insert("Type".to_owned(), json!("HologramFilm"));
        });
        let report = crawl(&world).await;
        assert_eq!((report.added, report.removed), (0, 2), "{report:?}");
        assert_eq!(world.names().len(), all.len() - 2);
        assert_eq!(crawl(&world).await.removed, 0);
        for film in changed {
            demo.edit_item(film, |body| {
                body.insert("Type".to_owned(), json!("Movie"));
            });
        }
        crawl(&world).await;
        assert_eq!(world.names(), all);
        assert_eq!(ids(&world), before, "what clients have stored is not dead");
    }
);

fn films(world: &World) -> usize {
    let snapshot = world.store.snapshot();
    let copies = snapshot.copies.iter();
    copies
        .filter(|copy| copy.light.kind == ItemKind::Movie)
        .count()
}

/// Of an answer that is a list, only the first so many.
fn cut(mut answer: Value, most: usize) -> Value {
    if let Some(items) = answer["Items"].as_array_mut() {
        items.truncate(most);
    }
    answer
}

fn is_a_page(asked: &str) -> bool {
    asked.starts_with("/Items?") && asked.contains("limit=")
}

both_databases!(
    pages_shorter_than_asked_for_lose_nothing,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let demo = &world.sources[0].demo;
        let doctor = Doctor::before(&demo.url(), |asked, answer| {
            let most = if is_a_page(asked) { 4 } else { 100 };
            (200, cut(answer, most))
        })
        .await;
        world.ask_at(0, &doctor.url);
        crawl(&world).await;
        let link = world.link(0, "alice").await;
        world.sync.link_added(link.id).await.unwrap();
        assert_eq!(films(&world), 25);
        let seen = world.store.access().links[&link.id].copies.len();
        assert_eq!(usize::try_from(seen).unwrap(), world.names().len());
    }
);

both_databases!(
    a_count_that_is_too_small_or_a_start_that_is_ignored_ends_well,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let demo = &world.sources[0].demo;
        let doctor = Doctor::before(&demo.url(), |asked, mut answer| {
            if is_a_page(asked) && answer["TotalRecordCount"].as_u64() > Some(10) {
                answer["TotalRecordCount"] = json!(10);
            }
            (200, answer)
        })
        .await;
        world.ask_at(0, &doctor.url);
        crawl(&world).await;
        assert_eq!(films(&world), 25);

        // The same page is answered whatever is asked for.
        let first: Mutex<HashMap<String, Value>> = Mutex::default();
        let doctor = Doctor::before(&demo.url(), move |asked, answer| {
            let place = asked.split('&').find(|part| part.contains("parentId="));
            let (true, Some(place)) = (is_a_page(asked), place) else {
                return (200, answer);
            };
            let mut first = first.lock().unwrap();
            (200, first.entry(place.to_owned()).or_insert(answer).clone())
        })
        .await;
        world.ask_at(0, &doctor.url);
        assert_eq!(crawl(&world).await.removed, 0);
    }
);

both_databases!(
    what_was_saved_while_a_library_failed_is_found_by_the_next_crawl,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 25, 0)], settings()).await;
        let (demo, id) = (&world.sources[0].demo, world.sources[0].server.id);
        let (fails, films) = (
            Arc::new(AtomicBool::default()),
            demo.library_id("Films").unwrap(),
        );
        let switch = fails.clone();
        let doctor = Doctor::before(&demo.url(), move |asked, answer| {
            let of_films = asked.contains(&format!("parentId={films}"));
            match is_a_page(asked) && of_films && switch.load(Ordering::Relaxed) {
                true => (500, json!({})),
                false => (200, answer),
            }
        })
        .await;
        world.ask_at(0, &doctor.url);
        crawl(&world).await;

        fails.store(true, Ordering::Relaxed);
        demo.rename_item(demo.items(ItemKind::Movie)[3], "Saved Meanwhile");
        for _ in 0..2 {
            let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
            assert!(report.incomplete);
            let told = world.sync.progress_of(id).unwrap().error.unwrap();
            assert!(told.contains("Films") && told.contains("500"), "{told}");
        }
        fails.store(false, Ordering::Relaxed);
        let report = world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert_eq!((report.changed, report.incomplete), (1, false));
        assert!(world.names().contains(&"Saved Meanwhile".to_owned()));
        assert_eq!(world.sync.progress_of(id).unwrap().error, None);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_break_at_once_make_no_crawls() {
    crate::support::database::on_sqlite(|db| async move {
        let pace = SyncSettings {
            changes_every: Duration::from_secs(3600),
            ..settings()
        };
        let world = World::new(db, vec![DemoSpec::films("Attic", 5, 0)], pace).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let doctor = Doctor::before(&source.demo.url(), |_, answer| (200, answer)).await;
        world.ask_at(0, &doctor.url);
        world.sync.start_all();
        eventually("the first crawl ends", async || {
            let told = world.sync.progress_of(id);
            told.is_some_and(|told| told.finished_at.is_some())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        source.demo.clear_seen();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let asked = source.all_asked();
        assert_eq!(asked, [], "nothing happened there");
        world.sync.stop_all();
    })
    .await;
}
