//! Merged libraries.

use manyfin::accounts::{
    AccountsError, Change, LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput,
};
use manyfin::config::{CollectionType, DedupStrategy, SourcePolicy};
use manyfin::db::Db;
use manyfin::db::links::{self, LinkChange};
use manyfin::demo::Access;

use super::bed::{Bed, acting, add, demo, password};

pub fn films(owner: Owner, sources: Vec<SourceInput>) -> NewLibrary {
    NewLibrary {
        name: "Kino".into(),
        collection_type: CollectionType::Movies,
        dedup_strategy: DedupStrategy::ProviderIds,
        source_policy: SourcePolicy::Priority,
        owner,
        sources,
        config_key: None,
    }
}

pub fn source(server: &str, library: &str, priority: i32) -> SourceInput {
    SourceInput {
        server: OnServer::Name(server.into()),
        library: library.into(),
        priority,
    }
}

both_databases!(
    a_library_is_made_of_what_the_servers_have,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (attic, cellar) = (demo("attic").await, demo("cellar").await);
        let attic_id = bed.add(&attic, "Attic").await;
        let cellar_id = bed.add(&cellar, "Cellar").await;
        let (accounts, root) = (&bed.accounts, &bed.root);
        let make = async |sources| {
            accounts
                .create_library(root, films(Owner::Everybody, sources))
                .await
        };

        for (sources, field) in [
            (vec![source("nowhere", "Films", 1)], "sources[0].server"),
            (vec![source("attic", "Nothing", 1)], "sources[0].library"),
            (
                vec![source("attic", "Films", 1), source("ATTIC", "films", 2)],
                "sources[1]",
            ),
        ] {
            let error = make(sources).await.unwrap_err();
            assert!(
                matches!(&error, AccountsError::InvalidInput(input) if input.field == field),
                "{error}"
            );
        }
        let mut shows = films(Owner::Everybody, vec![source("attic", "Films", 1)]);
        shows.collection_type = CollectionType::TvShows;
        assert!(
            accounts.create_library(root, shows).await.is_err(),
            "films are no shows"
        );

        let cellar_films = cellar.library_id("Films").unwrap();
        let mut changes = accounts.changes();
        let library = make(vec![
            source("attic", "films", 1),
            SourceInput {
                server: OnServer::Id(cellar_id),
                library: cellar_films.to_string(),
                priority: 9,
            },
        ])
        .await
        .unwrap();
        assert_eq!(changes.recv().await.unwrap(), Change::Libraries);
        let order: Vec<_> = library
            .sources
            .iter()
            .map(|source| source.server_id)
            .collect();
        assert_eq!(order, [cellar_id, attic_id], "the highest priority first");
        assert!(library.row.is_global);
        assert!(make(Vec::new()).await.is_err(), "the name is taken");

        let id = library.row.virtual_id.parse().unwrap();
        let update = LibraryUpdate {
            name: Some("Films".into()),
            dedup_strategy: Some(DedupStrategy::NameYear),
            ..LibraryUpdate::default()
        };
        let changed = accounts.update_library(root, id, update).await.unwrap();
        assert_eq!(
            changed.row.virtual_id, library.row.virtual_id,
            "its id stays"
        );
        assert_eq!(
            (changed.row.name.as_str(), changed.sources.len()),
            ("Films", 2)
        );
        assert_eq!(changed.row.dedup_strategy, "name_year");
        let changed = accounts
            .put_library_source(root, id, source("attic", "Films", 99))
            .await;
        assert_eq!(changed.unwrap().sources[0].server_id, attic_id);
        let changed = accounts
            .remove_library_source(root, id, cellar_id, cellar_films)
            .await
            .unwrap();
        assert_eq!(changed.sources.len(), 1);
        let again = accounts
            .remove_library_source(root, id, cellar_id, cellar_films)
            .await;
        assert!(matches!(again, Err(AccountsError::NotFound("source"))));
        accounts.delete_library(root, id).await.unwrap();
        assert!(accounts.merged_libraries().await.unwrap().is_empty());
    }
);

both_databases!(
    users_merge_what_they_see_for_themselves_alone,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", Some("p")).await;
        let bob = bed.user("bob", Some("p")).await;
        let (accounts, me) = (&bed.accounts, acting(&alice));
        let wish = |owner| films(owner, vec![source("attic", "Films", 1)]);

        let error = accounts
            .create_library(&me, wish(Owner::Everybody))
            .await
            .unwrap_err();
        assert!(matches!(error, AccountsError::Forbidden));
        let error = accounts
            .create_library(&me, wish(Owner::User(bob.id)))
            .await
            .unwrap_err();
        assert!(matches!(error, AccountsError::Forbidden));
        let unlinked = accounts
            .create_library(&me, wish(Owner::User(alice.id)))
            .await
            .unwrap_err();
        let text = unlinked.to_string();
        assert!(matches!(unlinked, AccountsError::InvalidInput(_)));
        assert!(
            !text.contains("Films"),
            "what one does not see is not named: {text}"
        );
        accounts
            .link_account(&me, alice.id, id, password("alice"), false)
            .await
            .unwrap();
        let hidden = Access {
            hidden_libraries: vec!["Films".into()],
            ..Access::default()
        };
        attic.set_access("alice", hidden);
        assert!(
            accounts
                .create_library(&me, wish(Owner::User(alice.id)))
                .await
                .is_err()
        );
        attic.set_access("alice", Access::default());
        let library = accounts
            .create_library(&me, wish(Owner::User(alice.id)))
            .await
            .unwrap();
        assert!(!library.row.is_global);

        // Others do not even learn that it is there; equal names of two people are fine.
        let virtual_id = library.row.virtual_id.parse().unwrap();
        let gone = accounts.delete_library(&acting(&bob), virtual_id).await;
        assert!(matches!(gone, Err(AccountsError::NotFound("library"))));
        accounts
            .create_library(&bed.root, wish(Owner::Everybody))
            .await
            .unwrap();
        accounts.delete_user(&bed.root, alice.id).await.unwrap();
        assert_eq!(accounts.merged_libraries().await.unwrap().len(), 1);
    }
);

both_databases!(
    a_source_waits_for_a_server_that_never_answered,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        attic.stop();
        let mut wish = add(&attic, "attic");
        wish.config_key = Some("attic".into());
        let row = bed
            .accounts
            .add_server_later(&bed.root, wish)
            .await
            .unwrap();
        let library = films(Owner::Everybody, vec![source("attic", "Films", 5)]);
        let library = bed
            .accounts
            .create_library(&bed.root, library)
            .await
            .unwrap();
        assert_eq!((library.sources.len(), library.pending.len()), (0, 1));

        attic.restart().await.unwrap();
        for _ in 0..100 {
            if bed.accounts.refresh_libraries(row.id).await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let library = bed
            .accounts
            .merged_libraries()
            .await
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!((library.sources.len(), library.pending.len()), (1, 0));
        assert_eq!(library.sources[0].priority, 5);
        // A library that the server does not have is told as soon as that is known.
        let nothing = films(Owner::Everybody, vec![source("attic", "Shows", 5)]);
        assert!(
            bed.accounts
                .create_library(&bed.root, nothing)
                .await
                .is_err()
        );
    }
);

both_databases!(
    an_account_that_is_refused_shows_no_library_to_merge,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", Some("p")).await;
        let (accounts, me) = (&bed.accounts, acting(&alice));
        let link = accounts
            .link_account(&me, alice.id, id, password("alice"), false)
            .await
            .unwrap();
        let make = async || {
            let films = films(Owner::User(alice.id), vec![source("attic", "Films", 1)]);
            accounts.create_library(&me, films).await
        };
        let set = async |state: &str| {
            let change = LinkChange {
                state: Some(state.into()),
                ..LinkChange::default()
            };
            links::update(&db, link.id, &change).await.unwrap();
        };
        // Its token would still open the server.
        for state in ["refused", "pending"] {
            set(state).await;
            attic.clear_seen();
            let error = make().await.unwrap_err();
            assert!(
                matches!(&error, AccountsError::InvalidInput(input) if input.field == "sources[0].library"),
                "{state}: {error}"
            );
            assert!(!error.to_string().contains("Films"), "{state}: {error}");
            assert_eq!(attic.seen(), [], "{state}: it is not used");
        }
        set("active").await;
        assert_eq!(make().await.unwrap().sources.len(), 1);
    }
);

both_databases!(
    a_library_whose_name_looks_like_an_id_is_found_by_it,
    |db: Db| async move {
        const NAME: &str = "0123456789abcdef0123456789abcdef";
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        assert!(attic.rename_library("Films", NAME));
        bed.add(&attic, "attic").await;
        let make = async |library: &str| {
            let films = films(Owner::Everybody, vec![source("attic", library, 1)]);
            bed.accounts.create_library(&bed.root, films).await
        };
        let nobodys = make("fedcba9876543210fedcba9876543210").await.unwrap_err();
        assert!(
            matches!(&nobodys, AccountsError::InvalidInput(input) if input.field == "sources[0].library"),
            "{nobodys}"
        );
        let library = make(NAME).await.unwrap();
        assert_eq!(library.sources[0].library_name, NAME);
        let own_id = attic.library_id(NAME).unwrap().to_string();
        assert_eq!(library.sources[0].library_id, own_id);
    }
);
