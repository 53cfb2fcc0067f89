use std::time::Duration;

use futures::future::join_all;
use manyfin::catalog::hydrate::{CopyRef, Hydrate, Settings};
use manyfin::catalog::sync::{CrawlKind, SyncLink};
use manyfin::db::Db;
use manyfin::demo::{Access, DemoSpec, Fault};

use super::world::{World, settings};

/// Three servers of films, crawled, and a link to each.
async fn three(db: Db) -> (World, Vec<SyncLink>) {
    let specs = vec![
        DemoSpec::films("Attic", 40, 0),
        DemoSpec::films("Basement", 40, 20),
        DemoSpec::films("Cottage", 40, 40),
    ];
    let world = World::new(db, specs, settings()).await;
    let mut links = Vec::new();
    for (at, source) in world.sources.iter().enumerate() {
        world
            .sync
            .crawl(source.server.id, CrawlKind::Full)
            .await
            .unwrap();
        links.push(world.link(at, "alice").await);
    }
    (world, links)
}

/// A page of a hundred copies over the three.
fn page(world: &World, links: &[SyncLink]) -> Vec<CopyRef> {
    let of = |at: usize| {
        world
            .copies(at, Some(&links[at]))
            .into_iter()
            .take(33 + usize::from(at == 0))
    };
    (0..3).flat_map(of).collect()
}

fn bodies_asked(world: &World) -> Vec<u64> {
    world
        .sources
        .iter()
        .map(|source| source.server.requests().bodies)
        .collect()
}

/// As if nothing had ever been fetched.
async fn forget_all(world: &World, page: &[CopyRef]) -> Hydrate {
    for copy in page {
        let row = manyfin::db::bodies::BodyRow {
            copy_id: copy.copy_id,
            body: Vec::new(),
            fetched_at: 0,
        };
        manyfin::db::bodies::put(&world.db, &[row]).await.unwrap();
    }
    Hydrate::new(
        world.db.clone(),
        world.clock.clone(),
        world.registry.clone(),
    )
}

both_databases!(
    a_page_costs_a_server_one_request_and_none_when_warm,
    |db: Db| async move {
        let (world, links) = three(db).await;
        let page = page(&world, &links);
        assert_eq!(page.len(), 100);
        let hydrate = forget_all(&world, &page).await;
        let before = bodies_asked(&world);
        let found = hydrate.bodies(&page).await;
        assert_eq!(found.len(), 100);
        assert!(
            found
                .values()
                .all(|body| !body.contains_key("UserData") && body.contains_key("MediaSources"))
        );
        let cold: Vec<u64> = bodies_asked(&world)
            .iter()
            .zip(&before)
            .map(|(a, b)| a - b)
            .collect();
        assert_eq!(cold, [1, 1, 1]);
        let again = hydrate.bodies(&page).await;
        assert_eq!(again.len(), 100);
        assert_eq!(
            bodies_asked(&world).iter().sum::<u64>(),
            before.iter().sum::<u64>() + 3
        );
    }
);

both_databases!(
    a_cold_memory_with_kept_bodies_asks_nobody,
    |db: Db| async move {
        let (world, links) = three(db).await;
        let page = page(&world, &links);
        let hydrate = Hydrate::new(
            world.db.clone(),
            world.clock.clone(),
            world.registry.clone(),
        );
        let before = bodies_asked(&world);
        assert_eq!(hydrate.bodies(&page).await.len(), 100);
        assert_eq!(bodies_asked(&world), before);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_misses_cost_one_request_whoever_asks() {
    crate::support::database::on_sqlite(|db| async move {
        let (world, links) = three(db).await;
        // Somebody else who is shown the same: it does not matter as whom is asked first.
        assert!(world.sources[0].demo.set_access("bob", Access::default()));
        let bob = world.link(0, "bob").await;
        let copies = world.copies(0, Some(&links[0]));
        let hydrate = forget_all(&world, &copies).await;
        world.sources[0].demo.set_delay(Duration::from_millis(500));
        let before = bodies_asked(&world)[0];
        let as_bob = world.copies(0, Some(&bob));
        let asked = (0..20).map(|n| hydrate.bodies(if n % 2 == 0 { &copies } else { &as_bob }));
        for found in join_all(asked).await {
            assert_eq!(found.len(), copies.len());
        }
        assert_eq!(bodies_asked(&world)[0] - before, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_account_is_not_shown_is_asked_for_as_the_next() {
    crate::support::database::on_sqlite(|db| async move {
        let (world, links) = three(db).await;
        let bob = world.link(0, "bob").await;
        let copies = world.copies(0, Some(&links[0]));
        let hydrate = forget_all(&world, &copies).await;
        world.sources[0].demo.set_delay(Duration::from_millis(500));
        let before = bodies_asked(&world)[0];
        let as_bob = world.copies(0, Some(&bob));
        let first = hydrate.bodies(&as_bob);
        let later = async {
            // Bob's question is under way, and Alice waits for it like anybody.
            while bodies_asked(&world)[0] == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            hydrate.bodies(&copies).await
        };
        let (bobs, alices) = futures::future::join(first, later).await;
        assert!(!bobs.is_empty() && bobs.len() < copies.len());
        assert_eq!(alices.len(), copies.len());
        assert_eq!(bodies_asked(&world)[0] - before, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_bodies_are_served_while_the_server_is_down() {
    crate::support::database::on_sqlite(|db| async move {
        let (world, links) = three(db).await;
        let copies = world.copies(0, Some(&links[0]));
        // Everything counts as old at once.
        let impatient = Settings {
            memory: Duration::ZERO,
            database: Duration::ZERO,
            ..Settings::default()
        };
        let hydrate = Hydrate::with_settings(
            world.db.clone(),
            world.clock.clone(),
            world.registry.clone(),
            impatient,
        );
        world.sources[0].demo.stop();
        for _ in 0..3 {
            assert_eq!(hydrate.bodies(&copies).await.len(), copies.len());
        }
        world.sources[0].demo.restart().await.unwrap();
        world.sources[0].demo.set_fault(Some(Fault::Html));
        assert_eq!(hydrate.bodies(&copies).await.len(), copies.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_body_is_answered_at_once_and_renewed_behind() {
    crate::support::database::on_sqlite(|db| async move {
        let (world, links) = three(db).await;
        let copies = world.copies(0, Some(&links[0]));
        let copy = &copies[..1];
        let impatient = Settings {
            memory: Duration::ZERO,
            database: Duration::ZERO,
            ..Settings::default()
        };
        let hydrate = Hydrate::with_settings(
            world.db.clone(),
            world.clock.clone(),
            world.registry.clone(),
            impatient,
        );
        let before = hydrate.bodies(copy).await[&copy[0].copy_id].clone();
        world.sources[0]
            .demo
            .rename_item(copy[0].upstream_id, "New Name");
        let renewed = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                let body = hydrate.bodies(copy).await[&copy[0].copy_id].clone();
                if body != before {
                    break body;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(renewed.await.unwrap()["Name"], "New Name");
        assert!(hydrate.generation() > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_details_of_one_item_are_renewed_sooner_than_those_of_a_list() {
    crate::support::database::on_sqlite(|db| async move {
        let (world, links) = three(db).await;
        let copies = world.copies(0, Some(&links[0]));
        let (page, one) = (&copies[..20], &copies[..1]);
        assert_eq!(Settings::default().memory, Duration::from_secs(60));
        let clock = manyfin::clock::Clock::fixed(world.clock.now());
        let hydrate = Hydrate::new(world.db.clone(), clock.clone(), world.registry.clone());
        hydrate.bodies(page).await;
        let before = bodies_asked(&world);
        clock.advance(chrono::Duration::seconds(59));
        hydrate.bodies(one).await;
        clock.advance(chrono::Duration::seconds(2));
        hydrate.bodies(page).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(bodies_asked(&world), before, "nobody looked at one item");
        clock.advance(chrono::Duration::seconds(61));
        hydrate.bodies(one).await;
        let asked = tokio::time::timeout(Duration::from_secs(20), async {
            while bodies_asked(&world) == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        asked.await.expect("the server is asked about it");
    })
    .await;
}
