//! What goes on by itself while nobody asks.

use std::time::Duration;

use manyfin::catalog::sync::{CrawlKind, Phase, SyncSettings};
use manyfin::db::Db;
use manyfin::demo::{Access, DemoSpec};

use super::world::{World, settings};
use crate::support::gateway::eventually;

/// How many copies a link may see, as lists take it.
fn seen(world: &World, link: i64) -> Option<u64> {
    let access = world.store.access();
    access.links.get(&link).map(|set| set.copies.len())
}

both_databases!(
    the_sets_of_links_in_use_are_renewed_though_nobody_asks,
    |db: Db| async move {
        let settings = SyncSettings {
            access_every: Duration::from_millis(300),
            changes_every: Duration::from_secs(3600),
            ..settings()
        };
        let world = World::new(
            db,
            vec![manyfin::demo::demo_sources(1, 60).remove(0)],
            settings,
        )
        .await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let (alice, ben) = (world.link(0, "alice").await, world.link(0, "bob").await);
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[alice.id]).await;
        let before = [seen(&world, alice.id), seen(&world, ben.id)];
        let hidden = Access {
            hidden_libraries: vec!["Films".to_owned()],
            ..Access::default()
        };
        for name in ["alice", "bob"] {
            assert!(source.demo.set_access(name, hidden.clone()));
        }
        world.sync.start_all();
        eventually("alice sees less", async || {
            seen(&world, alice.id) < before[0]
        })
        .await;
        assert_eq!(seen(&world, ben.id), before[1], "nobody uses his link");
        assert!(seen(&world, alice.id) > Some(0));

        // A server that is silent hides nothing more, and is asked again.
        let less = seen(&world, alice.id);
        source.demo.set_available(false).await.expect("it stops");
        assert!(source.demo.set_access("alice", Access::default()));
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(seen(&world, alice.id), less);
        source.demo.set_available(true).await.expect("it starts");
        eventually("alice sees all again", async || {
            seen(&world, alice.id) == before[0]
        })
        .await;
        world.sync.stop_all();
    }
);

both_databases!(
    a_server_that_is_gone_is_left_alone_and_the_others_are_not,
    |db: Db| async move {
        let settings = SyncSettings {
            changes_every: Duration::from_secs(3600),
            ..settings()
        };
        let specs = vec![DemoSpec::films("Attic", 5, 0), DemoSpec::films("Hut", 5, 0)];
        let world = World::new(db, specs, settings).await;
        let [gone, stays] = [0, 1].map(|at: usize| world.sources[at].server.id);
        let is_idle = async |id: i64| {
            let told = world.sync.progress_of(id);
            told.is_some_and(|told| told.phase == Phase::Idle && told.finished_at.is_some())
        };
        world.sync.start_all();
        for id in [gone, stays] {
            eventually("it is crawled", async || is_idle(id).await).await;
        }
        world.registry.remove(gone);
        world.sync.start_all();
        let told: Vec<i64> = world
            .sync
            .progress()
            .iter()
            .map(|of| of.server_id)
            .collect();
        assert_eq!(told, [stays]);
        world
            .sources
            .iter()
            .for_each(|source| source.demo.clear_seen());
        for id in [gone, stays] {
            world.sync.hurry(id, CrawlKind::Full);
        }
        eventually("the other is crawled again", async || {
            !world.sources[1].asked("/Items").is_empty() && is_idle(stays).await
        })
        .await;
        assert!(world.sources[0].all_asked().is_empty());
        assert_eq!(world.sync.progress_of(gone), None);
    }
);

both_databases!(
    a_server_whose_catalog_is_kept_is_crawled_a_little_after_the_start,
    |db: Db| async move {
        let settings = SyncSettings {
            first_after: Duration::from_secs(3600),
            changes_every: Duration::from_secs(3600),
            ..settings()
        };
        let specs = vec![DemoSpec::films("Attic", 5, 0), DemoSpec::films("Hut", 5, 0)];
        let world = World::new(db, specs, settings).await;
        let [kept, unknown] = [0, 1].map(|at: usize| world.sources[at].server.id);
        world.sync.crawl(kept, CrawlKind::Full).await.unwrap();
        world.sources[0].demo.clear_seen();

        world.sync.start_all();
        eventually(
            "nothing is known of this one: it is crawled at once",
            async || {
                let told = world.sync.progress_of(unknown);
                told.is_some_and(|told| told.phase == Phase::Idle && told.finished_at.is_some())
            },
        )
        .await;
        assert!(world.sources[0].asked("/Items").is_empty());

        // Who asks for it does not wait for the pause to be over.
        world.sync.hurry(kept, CrawlKind::Full);
        eventually("it is crawled as asked", async || {
            !world.sources[0].asked("/Items").is_empty()
        })
        .await;
        world.sync.stop_all();
    }
);
