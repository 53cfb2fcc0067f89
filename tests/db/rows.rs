//! What the queries promise, on both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use manyfin::db::merged_libraries::{MergedLibraryChange, NewMergedLibrary, NewSource};
use manyfin::db::servers::{NewServer, ServerChange};
use manyfin::db::sessions::SessionRow;
use manyfin::db::source_libraries::SeenLibrary;
use manyfin::db::users::{UserChange, UserRow};
use manyfin::db::{
    Db, DbError, display_preferences, installation, leader, links, merged_libraries, play_choices,
    servers, sessions, source_libraries, users,
};

fn user(id: &str, administrator: bool) -> UserRow {
    UserRow {
        id: id.into(),
        config_key: None,
        name: id.into(),
        name_key: id.into(),
        password_hash: None,
        is_administrator: administrator,
        is_disabled: false,
        made_by_server_key: None,
        made_by_account: None,
        settings: "{}".into(),
        created_at: 1,
        last_login_at: None,
        last_activity_at: None,
        source_policy: None,
    }
}

fn server(key: &str, upstream_id: &str) -> NewServer {
    NewServer {
        server_key: key.into(),
        config_key: None,
        name: key.into(),
        name_key: key.into(),
        url: "http://one.test".into(),
        ca_pem: None,
        tls_fingerprint: None,
        upstream_id: Some(upstream_id.into()),
        version: None,
        crawl_user_id: None,
        crawl_username: None,
        crawl_token: None,
        crawl_password: None,
        device_id: "d".into(),
        created_at: 1,
        updated_at: 1,
    }
}

fn link(user_id: &str, server_id: i64, account: &str) -> links::NewLink {
    links::NewLink {
        user_id: user_id.into(),
        server_id,
        upstream_user_id: Some(account.into()),
        username: account.into(),
        token: Some(vec![1, 2]),
        password: None,
        device_id: "d".into(),
        sign_in: false,
        state: "active".into(),
        state_reason: None,
        created_at: 1,
        updated_at: 1,
    }
}

fn session(id: &str, user_id: &str, device: &str, made_by_link: Option<i64>) -> SessionRow {
    SessionRow {
        id: id.into(),
        token_hash: format!("hash of {id}"),
        user_id: user_id.into(),
        made_by_link,
        device_id: device.into(),
        device_name: "n".into(),
        client: "c".into(),
        version: "1".into(),
        remote_address: None,
        capabilities: None,
        created_at: 1,
        last_seen_at: 1,
    }
}

both_databases!(a_value_is_set_once_and_spent_once, |db: Db| async move {
    assert_eq!(installation::get_or_set(&db, "k", "a").await.unwrap(), "a");
    assert_eq!(installation::get_or_set(&db, "k", "b").await.unwrap(), "a");
    assert!(!installation::take(&db, "k", "b").await.unwrap());
    assert!(installation::take(&db, "k", "a").await.unwrap());
    assert!(!installation::take(&db, "k", "a").await.unwrap());
    installation::set(&db, "k", "c").await.unwrap();
    installation::set(&db, "k", "d").await.unwrap();
    assert_eq!(
        installation::get(&db, "k").await.unwrap().as_deref(),
        Some("d")
    );
});

both_databases!(
    concurrent_writers_that_read_first_all_succeed,
    |db: Db| async move {
        // In deferred transactions most of these would fail with "database is locked".
        users::insert(&db, &user("a", true)).await.unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let (db, done) = (db.clone(), done.clone());
                tokio::spawn(async move {
                    let settings = Some(format!("{number}"));
                    let change = UserChange {
                        settings,
                        ..UserChange::default()
                    };
                    users::update(&db, "a", &change).await.unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 50);
    }
);

both_databases!(
    a_dropped_transaction_leaves_no_lock_behind,
    |db: Db| async move {
        users::insert(&db, &user("a", true)).await.unwrap();
        for number in 0..30 {
            let writer = db.clone();
            let task = tokio::spawn(async move {
                let settings = Some(format!("{number}"));
                let change = UserChange {
                    settings,
                    ..UserChange::default()
                };
                let _ = users::update(&writer, "a", &change).await;
            });
            tokio::time::sleep(std::time::Duration::from_micros(number * 40)).await;
            task.abort();
        }
        let change = UserChange {
            settings: Some("last".into()),
            ..UserChange::default()
        };
        let row = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            users::update(&db, "a", &change),
        );
        assert_eq!(row.await.unwrap().unwrap().settings, "last");
    }
);

both_databases!(
    two_administrators_cannot_both_step_down_at_once,
    |db: Db| async move {
        users::insert(&db, &user("a", true)).await.unwrap();
        users::insert(&db, &user("b", true)).await.unwrap();
        for _ in 0..10 {
            let down = |id: &'static str| {
                let db = db.clone();
                tokio::spawn(async move {
                    let is_administrator = Some(false);
                    let change = UserChange {
                        is_administrator,
                        ..UserChange::default()
                    };
                    users::update(&db, id, &change).await
                })
            };
            let (one, two) = (down("a"), down("b"));
            let refused = [one.await.unwrap(), two.await.unwrap()]
                .into_iter()
                .filter(|result| matches!(result, Err(DbError::LastAdministrator)))
                .count();
            assert_eq!(refused, 1);
            let rows = users::all(&db).await.unwrap();
            let left = rows.iter().find(|row| row.is_administrator).unwrap();
            let gone = users::delete(&db, &left.id).await;
            assert!(matches!(gone, Err(DbError::LastAdministrator)));
            for row in rows {
                let is_administrator = Some(true);
                let change = UserChange {
                    is_administrator,
                    ..UserChange::default()
                };
                users::update(&db, &row.id, &change).await.unwrap();
            }
        }
    }
);

both_databases!(names_are_unique, |db: Db| async move {
    users::insert(&db, &user("a", true)).await.unwrap();
    let mut other = user("b", false);
    other.name_key = "a".into();
    let error = users::insert(&db, &other).await.unwrap_err();
    assert!(error.is_conflict_on("name_key"), "{error}");
    assert!(
        !users::insert_first_administrator(&db, &user("c", true))
            .await
            .unwrap()
    );
});

both_databases!(
    a_removed_server_takes_its_rows_along_and_stays_known,
    |db: Db| async move {
        users::insert(&db, &user("a", true)).await.unwrap();
        let row = servers::insert(&db, &server("k1", "up"), false)
            .await
            .unwrap();
        let again = servers::insert(&db, &server("k2", "up"), false).await;
        assert!(again.err().unwrap().is_conflict_on("upstream_id"));
        let second = servers::insert(&db, &server("k2", "up"), true)
            .await
            .unwrap();
        let linked = links::insert(&db, &link("a", row.id, "alice"))
            .await
            .unwrap();
        sessions::open(&db, &session("s", "a", "tv", Some(linked.id)))
            .await
            .unwrap();
        let last_error = Some(Some("asleep".to_owned()));
        let change = ServerChange {
            last_error,
            ..ServerChange::default()
        };
        let changed = servers::update(&db, row.id, &change).await.unwrap();
        assert_eq!(changed.last_error.as_deref(), Some("asleep"));

        servers::delete(&db, row.id, 77).await.unwrap();
        assert!(links::all(&db).await.unwrap().is_empty());
        assert!(sessions::list(&db, None).await.unwrap().is_empty());
        let known = servers::removed(&db, "up").await.unwrap();
        assert_eq!((known.len(), known[0].removed_at), (1, Some(77)));

        let back = servers::take_key(&db, second.id, "k1").await.unwrap();
        assert_eq!(back.server_key, "k1");
        let known = servers::known_servers(&db).await.unwrap();
        assert_eq!((known.len(), known[0].removed_at), (1, None));
    }
);

both_databases!(
    sessions_replace_only_their_own_device,
    |db: Db| async move {
        users::insert(&db, &user("a", true)).await.unwrap();
        users::insert(&db, &user("b", false)).await.unwrap();
        for (id, who, device) in [("1", "a", "tv"), ("2", "a", "phone"), ("3", "b", "tv")] {
            sessions::open(&db, &session(id, who, device, None))
                .await
                .unwrap();
        }
        let replaced = sessions::open(&db, &session("4", "a", "tv", None))
            .await
            .unwrap();
        assert_eq!(replaced, ["1"]);
        assert_eq!(sessions::list(&db, None).await.unwrap().len(), 3);
        assert_eq!(sessions::list(&db, Some("a")).await.unwrap().len(), 2);
        sessions::touch(&db, "4", 9, Some("10.0.0.1"))
            .await
            .unwrap();
        sessions::set_capabilities(&db, "4", "{}").await.unwrap();
        let row = sessions::by_token_hash(&db, "hash of 4")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (row.last_seen_at, row.capabilities.as_deref()),
            (9, Some("{}"))
        );
        assert_eq!(
            sessions::delete_of_user(&db, "a", Some("4")).await.unwrap(),
            1
        );
        assert!(sessions::delete(&db, "4").await.unwrap().is_some());
        assert!(sessions::delete(&db, "4").await.unwrap().is_none());
    }
);

both_databases!(an_account_of_several_users_is_shared, |db: Db| async move {
    for id in ["a", "b", "c"] {
        users::insert(&db, &user(id, id == "a")).await.unwrap();
    }
    let row = servers::insert(&db, &server("k", "up"), false)
        .await
        .unwrap();
    links::insert(&db, &link("a", row.id, "x")).await.unwrap();
    links::insert(&db, &link("b", row.id, "y")).await.unwrap();
    assert!(links::shared_accounts(&db).await.unwrap().is_empty());
    links::insert(&db, &link("c", row.id, "x")).await.unwrap();
    let shared = links::shared_accounts(&db).await.unwrap();
    assert_eq!(shared, [(row.id, "x".to_owned())]);
    assert!(
        links::insert(&db, &link("c", row.id, "z")).await.is_err(),
        "one link a server"
    );
    assert_eq!(links::of_account(&db, row.id, "x").await.unwrap().len(), 2);
    users::delete(&db, "c").await.unwrap();
    assert!(links::shared_accounts(&db).await.unwrap().is_empty());
});

both_databases!(libraries_come_go_and_come_back, |db: Db| async move {
    let row = servers::insert(&db, &server("k", "up"), false)
        .await
        .unwrap();
    let seen = |name: &str| SeenLibrary {
        library_id: name.into(),
        virtual_id: format!("v{name}"),
        name: name.into(),
        collection_type: Some("movies".into()),
        body: None,
    };
    let (all, changed) = source_libraries::replace(&db, row.id, &[seen("a"), seen("b")], 1)
        .await
        .unwrap();
    assert_eq!((all.len(), changed), (2, true));
    let (_, changed) = source_libraries::replace(&db, row.id, &[seen("a"), seen("b")], 2)
        .await
        .unwrap();
    assert!(!changed);
    let (all, changed) = source_libraries::replace(&db, row.id, &[seen("b")], 3)
        .await
        .unwrap();
    assert!(changed && !all[0].is_present && all[1].is_present);
    let (all, _) = source_libraries::replace(&db, row.id, &[seen("a"), seen("b")], 4)
        .await
        .unwrap();
    assert!(
        all[0].is_present && all[0].created_at == 1,
        "it keeps its row"
    );

    // The crawl knows its body; who lists the libraries while one is set up does not.
    let full = SeenLibrary {
        body: Some("{}".into()),
        ..seen("a")
    };
    for (at, told, changes) in [
        (5, full.clone(), true),
        (6, seen("a"), false),
        (7, full, false),
    ] {
        let (all, changed) = source_libraries::replace(&db, row.id, &[told, seen("b")], at)
            .await
            .unwrap();
        assert_eq!((all[0].body.as_deref(), changed), (Some("{}"), changes));
    }
});

both_databases!(merged_libraries_keep_their_sources, |db: Db| async move {
    users::insert(&db, &user("root", true)).await.unwrap();
    users::insert(&db, &user("a", false)).await.unwrap();
    let row = servers::insert(&db, &server("k", "up"), false)
        .await
        .unwrap();
    let library = |virtual_id: &str, is_global: bool| NewMergedLibrary {
        virtual_id: virtual_id.into(),
        config_key: None,
        name: "Films".into(),
        collection_type: "movies".into(),
        dedup_strategy: "provider_ids".into(),
        source_policy: "priority".into(),
        created_by: Some("a".into()),
        is_global,
        created_at: 1,
        updated_at: 1,
    };
    let found = |library_id: &str, priority| NewSource::Found {
        server_id: row.id,
        library_id: library_id.into(),
        library_name: library_id.into(),
        priority,
    };
    let waiting = NewSource::Pending {
        server_name: "attic".into(),
        library_name: "Movies".into(),
        priority: 7,
    };
    let id = merged_libraries::insert(&db, &library("v1", true), &[found("l1", 1), waiting])
        .await
        .unwrap();
    merged_libraries::insert(&db, &library("v2", false), &[])
        .await
        .unwrap();
    merged_libraries::put_source(&db, id, &found("l2", 5), 2)
        .await
        .unwrap();
    merged_libraries::put_source(&db, id, &found("l1", 9), 3)
        .await
        .unwrap();
    let pending = merged_libraries::pending(&db).await.unwrap();
    merged_libraries::resolve_pending(&db, &pending[0], row.id, "l3", "Movies", 4)
        .await
        .unwrap();
    let whole = merged_libraries::by_virtual_id(&db, "v1")
        .await
        .unwrap()
        .unwrap();
    let sources: Vec<_> = whole
        .sources
        .iter()
        .map(|source| (source.library_id.as_str(), source.priority))
        .collect();
    assert_eq!(sources, [("l1", 9), ("l3", 7), ("l2", 5)]);
    assert!(whole.pending.is_empty());
    assert!(
        merged_libraries::remove_source(&db, id, row.id, "l2", 5)
            .await
            .unwrap()
    );
    let name = Some("Kino".to_owned());
    let change = MergedLibraryChange {
        name,
        ..MergedLibraryChange::default()
    };
    merged_libraries::update(&db, id, &change, Some(&[found("l9", 0)]), 6)
        .await
        .unwrap();
    let whole = merged_libraries::by_id(&db, id).await.unwrap().unwrap();
    assert_eq!((whole.row.name.as_str(), whole.sources.len()), ("Kino", 1));

    // A user's own library goes with the user; a global one stays.
    users::delete(&db, "a").await.unwrap();
    let left = merged_libraries::all(&db).await.unwrap();
    assert_eq!((left.len(), left[0].row.created_by.as_deref()), (1, None));
    servers::delete(&db, row.id, 9).await.unwrap();
    assert!(
        merged_libraries::all(&db).await.unwrap()[0]
            .sources
            .is_empty()
    );
    merged_libraries::delete(&db, id).await.unwrap();
    assert!(matches!(
        merged_libraries::delete(&db, id).await,
        Err(DbError::NotFound)
    ));
});

both_databases!(
    documents_and_choices_are_replaced_whole,
    |db: Db| async move {
        users::insert(&db, &user("a", true)).await.unwrap();
        for body in ["{}", "{\"x\":1}"] {
            display_preferences::put(&db, "a", "emby", "usersettings", body)
                .await
                .unwrap();
        }
        let body = display_preferences::get(&db, "a", "emby", "usersettings")
            .await
            .unwrap();
        assert_eq!(body.as_deref(), Some("{\"x\":1}"));
        let missing = display_preferences::put(&db, "nobody", "emby", "x", "{}").await;
        assert!(matches!(missing, Err(DbError::Missing(_))));

        let choice = |copy: &str, session: Option<&str>, created_at| play_choices::PlayChoice {
            device_key: "tv".into(),
            asked_id: "film".into(),
            copy_public_id: copy.into(),
            play_session_id: session.map(str::to_owned),
            created_at,
        };
        play_choices::put(&db, &[choice("one", Some("s"), 1)])
            .await
            .unwrap();
        play_choices::put(&db, &[choice("two", None, 2)])
            .await
            .unwrap();
        let told = play_choices::get(&db, "tv", "film").await.unwrap().unwrap();
        assert_eq!(
            (told.copy_public_id.as_str(), told.play_session_id),
            ("two", None)
        );
        assert_eq!(play_choices::forget_before(&db, 3).await.unwrap(), 1);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_leads() {
    crate::support::database::on_postgres(|db| async move {
        let first = leader::try_lead(&db).await.unwrap().expect("nobody led");
        assert!(first.holds().await);
        assert!(leader::try_lead(&db).await.unwrap().is_none());
        drop(first);
        for _ in 0..100 {
            if leader::try_lead(&db).await.unwrap().is_some() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the lead was not given up");
    })
    .await;
}
