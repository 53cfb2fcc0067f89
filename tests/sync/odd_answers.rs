//! Servers that answer, but not as Jellyfin does.

use std::time::Duration;

use manyfin::catalog::sync::{CrawlKind, CrawlReport};
use manyfin::db::Db;
use manyfin::demo::DemoSpec;
use manyfin::model::ItemKind;
use serde_json::json;

use super::world::{World, settings};

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
