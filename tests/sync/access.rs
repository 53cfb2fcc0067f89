use std::time::Duration;

use manyfin::catalog::sync::{CrawlKind, SyncSettings};
use manyfin::db::{Db, access};
use manyfin::demo::{Access, DemoSpec, UserDataChange};
use manyfin::model::ItemKind;

use super::world::{World, settings};
use crate::support::gateway::eventually;

fn shelf() -> DemoSpec {
    manyfin::demo::demo_sources(1, 60).remove(0)
}

/// How many copies a link may see, as lists take it.
fn seen(world: &World, link: i64) -> Option<u64> {
    let access = world.store.access();
    access.links.get(&link).map(|set| set.copies.len())
}

both_databases!(a_link_sees_what_its_own_account_sees, |db: Db| async move {
    let world = World::new(db, vec![shelf()], settings()).await;
    let id = world.sources[0].server.id;
    let alice = world.link(0, "alice").await;
    let bob = world.link(0, "bob").await;
    world.sync.crawl(id, CrawlKind::Full).await.unwrap();
    let all = world.names().len() as u64;
    assert_eq!(seen(&world, alice.id), Some(all));
    let less = seen(&world, bob.id).unwrap();
    assert!(less > 0 && less < all, "{less} of {all}");
    let set = world.store.access().links[&alice.id].clone();
    assert!(!set.libraries.is_empty());
    assert!(access::get(&world.db, bob.id).await.unwrap().is_some());
});

// Seen in a load run: linked while the first crawl ran, a viewer saw a third less for a quarter of an hour.
both_databases!(
    what_was_asked_before_a_crawl_ended_hides_nothing_after_it,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let id = world.sources[0].server.id;
        let alice = world.link(0, "alice").await;
        let go = world.sink.hold_up_next();
        let early = tokio::spawn({
            let (sync, link) = (world.sync.clone(), alice.id);
            async move { sync.link_added(link).await }
        });
        eventually("a set waits", async || world.sink.holds_up()).await;
        let crawl = tokio::spawn({
            let sync = world.sync.clone();
            async move { sync.crawl(id, CrawlKind::Full).await }
        });
        // Time enough for it to end, where it does not wait.
        eventually("all is shown", async || world.names().len() >= 10).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        go.send(()).unwrap();
        early.await.unwrap().unwrap();
        crawl.await.unwrap().unwrap();
        world.sync.ensure_access(&[alice.id]).await;
        assert_eq!(seen(&world, alice.id), Some(world.names().len() as u64));
    }
);

both_databases!(
    what_an_interrupted_crawl_found_is_seen_when_the_next_one_ends,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 100, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let alice = world.link(0, "alice").await;
        world.sync.ensure_access(&[alice.id]).await;
        assert_eq!(seen(&world, alice.id), Some(0), "nothing is known yet");
        source.demo.set_delay(Duration::from_millis(50));
        let crawl = tokio::spawn({
            let sync = world.sync.clone();
            async move { sync.crawl(id, CrawlKind::Full).await }
        });
        eventually("something is shown", async || !world.names().is_empty()).await;
        crawl.abort();
        let _ = crawl.await;
        source.demo.set_delay(Duration::ZERO);
        let found = world.names().len();
        assert!(found < source.demo.items(ItemKind::Movie).len(), "{found}");
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[alice.id]).await;
        assert_eq!(seen(&world, alice.id), Some(world.names().len() as u64));
    }
);

both_databases!(
    after_a_change_a_link_in_use_is_asked_about_it_alone,
    |db: Db| async move {
        let world = World::new(db, vec![shelf()], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let bob = world.link(0, "bob").await;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[bob.id]).await;
        let before = seen(&world, bob.id).unwrap();

        let snapshot = world.store.snapshot();
        let visible = world.store.access().links[&bob.id].copies.clone();
        let film = snapshot.copies.iter().find(|copy| {
            copy.light.kind == ItemKind::Movie
                && u32::try_from(copy.row()).is_ok_and(|row| visible.contains(row))
        });
        let film = film.unwrap().upstream_id();
        assert!(source.demo.edit_item(film, |body| {
            body.insert("Tags".into(), serde_json::json!(["late night"]));
        }));
        source.demo.clear_seen();
        world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert_eq!(seen(&world, bob.id), Some(before - 1));
        let asked: Vec<_> = source.all_asked();
        let as_bob: Vec<_> = asked
            .iter()
            .filter(|seen| seen.user.as_deref() == Some("bob"))
            .collect();
        assert_eq!(as_bob.len(), 1, "{as_bob:#?}");
        assert!(as_bob[0].query.contains(&film.to_string()));
    }
);

both_databases!(
    a_refused_link_sees_nothing_from_then_on,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let bob = world.link(0, "bob").await;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        assert!(seen(&world, bob.id).is_some());
        let disabled = Access {
            disabled: true,
            ..Access::default()
        };
        assert!(source.demo.set_access("bob", disabled));
        world.sync.link_added(bob.id).await.unwrap();
        assert_eq!(seen(&world, bob.id), None);
        assert_eq!(access::get(&world.db, bob.id).await.unwrap(), None);
    }
);

both_databases!(a_silent_server_changes_no_access, |db: Db| async move {
    let settings = SyncSettings {
        access_every: Duration::ZERO,
        access_patience: Duration::from_secs(5),
        ..settings()
    };
    let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings).await;
    let (source, id) = (&world.sources[0], world.sources[0].server.id);
    let alice = world.link(0, "alice").await;
    world.sync.crawl(id, CrawlKind::Full).await.unwrap();
    let before = seen(&world, alice.id);
    assert!(before.is_some());
    source.demo.stop();
    world.sync.ensure_access(&[alice.id]).await;
    assert_eq!(seen(&world, alice.id), before);
});

#[tokio::test(flavor = "multi_thread")]
async fn an_old_set_is_renewed_before_the_next_answer_and_a_fresh_one_is_not() {
    crate::support::database::on_sqlite(|db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let alice = world.link(0, "alice").await;
        // Never asked: the first answer waits for it.
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let one = source.demo.items(ItemKind::Movie)[0];
        source.demo.clear_seen();
        world.sync.ensure_access(&[alice.id]).await;
        assert!(source.all_asked().is_empty(), "it is fresh");
        // Not in use yet for the crawl's own asking: a second link that nobody uses is stale after a change.
        let bob = world.link(0, "bob").await;
        world.sync.link_added(bob.id).await.unwrap();
        source.demo.rename_item(one, "Other");
        world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        source.demo.clear_seen();
        world.sync.ensure_access(&[bob.id]).await;
        assert!(!source.all_asked().is_empty(), "it was stale");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_watched_there_is_handed_on() {
    crate::support::database::on_sqlite(|db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let film = source.demo.items(ItemKind::Movie)[2];
        let change = UserDataChange {
            played: Some(true),
            play_count: Some(2),
            favorite: Some(true),
            ..UserDataChange::default()
        };
        assert!(source.demo.set_user_data("alice", film, &change));
        let alice = world.link(0, "alice").await;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        let (batch, everything) = world.user_data.lock().unwrap().try_recv().unwrap();
        assert!(everything);
        let told: Vec<_> = batch
            .iter()
            .filter(|seen| seen.upstream_id == film)
            .collect();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (
                told[0].link,
                told[0].played,
                told[0].play_count,
                told[0].favorite
            ),
            (alice.id, true, 2, true)
        );
    })
    .await;
}

both_databases!(a_set_is_asked_for_page_by_page, |db: Db| async move {
    let settings = SyncSettings {
        access_page: 4,
        ..settings()
    };
    let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings).await;
    let (source, id) = (&world.sources[0], world.sources[0].server.id);
    let alice = world.link(0, "alice").await;
    world.sync.crawl(id, CrawlKind::Full).await.unwrap();
    let all = world.names().len() as u64;
    source.demo.clear_seen();
    world.sync.link_added(alice.id).await.unwrap();
    assert_eq!(seen(&world, alice.id), Some(all));
    let asked = source.asked("/Items");
    for start in [0, 4, 8] {
        let page = format!("startIndex={start}&");
        assert!(
            asked.iter().any(|seen| seen.query.contains(&page)),
            "{asked:#?}"
        );
    }
});

both_databases!(
    a_set_that_was_lost_is_asked_for_as_a_whole,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let alice = world.link(0, "alice").await;
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[alice.id]).await;
        let before = access::get(&world.db, alice.id).await.unwrap().unwrap();
        access::remove(&world.db, alice.id).await.unwrap();
        let film = source.demo.items(ItemKind::Movie)[0];
        assert!(source.demo.rename_item(film, "Other"));
        world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        let after = access::get(&world.db, alice.id).await.unwrap().unwrap();
        assert_eq!(after.copies, before.copies);
        assert_eq!(after.libraries, before.libraries);
    }
);

both_databases!(
    a_link_that_is_refused_after_a_crawl_sees_nothing,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let (alice, bob) = (world.link(0, "alice").await, world.link(0, "bob").await);
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[alice.id, bob.id]).await;
        let before = seen(&world, alice.id);
        let disabled = Access {
            disabled: true,
            ..Access::default()
        };
        assert!(source.demo.set_access("bob", disabled));
        let film = source.demo.items(ItemKind::Movie)[0];
        assert!(source.demo.rename_item(film, "Other"));
        world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        assert_eq!(seen(&world, bob.id), None);
        assert_eq!(access::get(&world.db, bob.id).await.unwrap(), None);
        assert_eq!(seen(&world, alice.id), before, "others see what they saw");
    }
);

both_databases!(
    a_link_that_went_meanwhile_spoils_no_crawl,
    |db: Db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let (source, id) = (&world.sources[0], world.sources[0].server.id);
        let (alice, bob) = (world.link(0, "alice").await, world.link(0, "bob").await);
        world.sync.crawl(id, CrawlKind::Full).await.unwrap();
        world.sync.ensure_access(&[alice.id, bob.id]).await;
        manyfin::db::links::delete(&world.db, bob.id).await.unwrap();
        let new = source
            .demo
            .add_item(manyfin::demo::NewItem::Film(40))
            .unwrap();
        world.sync.crawl(id, CrawlKind::Changes).await.unwrap();
        let snapshot = world.store.snapshot();
        let row = snapshot
            .copies
            .iter()
            .find(|copy| copy.upstream_id() == new)
            .map(|copy| u32::try_from(copy.row()).unwrap())
            .unwrap();
        let set = &world.store.access().links[&alice.id];
        assert!(set.copies.contains(row), "alice sees what is new");
        assert_eq!(access::get(&world.db, bob.id).await.unwrap(), None);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_at_the_same_time_asks_once() {
    crate::support::database::on_sqlite(|db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let source = &world.sources[0];
        let crawled = world.sync.crawl(source.server.id, CrawlKind::Full).await;
        crawled.unwrap();
        let alice = world.link(0, "alice").await;
        source.demo.set_delay(Duration::from_millis(200));
        let before = source.demo.seen().len();
        let ids = [alice.id];
        futures::future::join(
            world.sync.ensure_access(&ids),
            world.sync.ensure_access(&ids),
        )
        .await;
        eventually("it sees all", async || seen(&world, alice.id) == Some(10)).await;
        let twice = source.demo.seen().split_off(before);
        let mut asked: Vec<String> = twice
            .iter()
            .map(|seen| format!("{} {}", seen.path, seen.query))
            .collect();
        let all = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), all, "{asked:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_went_meanwhile_sees_nothing() {
    crate::support::database::on_sqlite(|db| async move {
        let world = World::new(db, vec![DemoSpec::films("Attic", 10, 0)], settings()).await;
        let crawled = world
            .sync
            .crawl(world.sources[0].server.id, CrawlKind::Full);
        crawled.await.unwrap();
        let alice = world.link(0, "alice").await;
        world.sync.link_added(alice.id).await.unwrap();
        assert_eq!(seen(&world, alice.id), Some(10));
        world.accounts.links.lock().unwrap().remove(&alice.id);
        world.sync.link_added(alice.id).await.unwrap();
        assert_eq!(seen(&world, alice.id), None);
    })
    .await;
}
