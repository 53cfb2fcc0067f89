//! Adding servers, and servers that come back.

use manyfin::accounts::{AccountsError, Credentials, LinkInfoState, Owner, ServerUpdate};
use manyfin::db::{Db, items, servers};
use manyfin::demo::{DemoServer, DemoSpec, Fault};
use manyfin::jellyfin::UpstreamError;
use manyfin::model::{ItemKind, PublicId, Secret};

use super::bed::{Bed, acting, add, demo, password};
use super::libraries::{films, source};

both_databases!(
    each_refusal_of_a_server_has_its_own_error,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let wish = add(&attic, "attic");
        let try_it = async |wish| {
            bed.accounts
                .add_server(&bed.root, wish)
                .await
                .map(|row| row.id)
        };

        for url in ["", "nonsense", "ftp://x", "http://user:pw@x.test"] {
            let mut wish = wish.clone();
            wish.url = url.into();
            let error = try_it(wish).await.unwrap_err();
            assert!(matches!(&error, AccountsError::InvalidInput(input) if input.field == "url"));
        }
        let mut nobody = wish.clone();
        nobody.url = "http://127.0.0.1:1/".into();
        let error = try_it(nobody).await.unwrap_err();
        assert_eq!(error.code(), Some("UPSTREAM_UNREACHABLE"), "{error}");
        attic.set_fault(Some(Fault::Html));
        let error = try_it(wish.clone()).await.unwrap_err();
        assert_eq!(error.code(), Some("UPSTREAM_NOT_JELLYFIN"), "{error}");
        attic.set_fault(Some(Fault::Starting));
        let error = try_it(wish.clone()).await.unwrap_err();
        assert_eq!(error.code(), Some("UPSTREAM_STARTING"), "{error}");
        attic.set_fault(None);
        let mut spec = DemoSpec::films("old", 1, 0);
        spec.version = "10.9.11".into();
        let old = DemoServer::start(spec).await.unwrap();
        let error = try_it(add(&old, "old")).await.unwrap_err();
        let too_old = AccountsError::Upstream(UpstreamError::TooOld {
            version: "10.9.11".into(),
        });
        assert_eq!(error.to_string(), too_old.to_string());
        let mut wrong = wish.clone();
        wrong.credentials = Credentials::Password {
            username: "crawler".into(),
            password: Secret::new("x"),
        };
        let error = try_it(wrong).await.unwrap_err();
        assert!(
            matches!(error, AccountsError::WrongUpstreamCredentials),
            "{error}"
        );
        assert!(
            bed.accounts.servers().await.unwrap().is_empty(),
            "nothing is left of these"
        );

        let alice = bed.user("alice", Some("p")).await;
        let error = bed
            .accounts
            .add_server(&acting(&alice), wish.clone())
            .await
            .err()
            .unwrap();
        assert!(matches!(error, AccountsError::Forbidden));
        try_it(wish.clone()).await.unwrap();
        let mut second = wish.clone();
        second.name = "again".into();
        let error = try_it(second.clone()).await.unwrap_err();
        assert!(matches!(&error, AccountsError::DuplicateServer { name } if name == "attic"));
        second.force = true;
        try_it(second).await.unwrap();
        let other = demo("other").await;
        let error = try_it(add(&other, "ATTIC")).await.unwrap_err();
        assert!(matches!(error, AccountsError::NameTaken { .. }), "{error}");
    }
);

both_databases!(
    a_server_is_added_by_a_token_and_tells_its_libraries,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let first = bed.add(&attic, "attic").await;
        let token = bed.accounts.crawl_account(first).await.unwrap().token;
        bed.accounts.remove_server(&bed.root, first).await.unwrap();
        let mut wish = add(&attic, "attic");
        wish.credentials = Credentials::Token(token.clone());
        let row = bed.accounts.add_server(&bed.root, wish).await.unwrap();
        assert_eq!(row.crawl_username.as_deref(), Some("crawler"));
        assert_eq!(row.version.as_deref(), Some("12.0.0"));
        let libraries = bed.accounts.source_libraries().await.unwrap();
        let films = libraries.iter().find(|row| row.name == "Films").unwrap();
        assert_eq!(films.collection_type.as_deref(), Some("movies"));
        let log = bed.log().await;
        assert!(!format!("{log:?}").contains(token.expose()));
    }
);

both_databases!(
    a_server_that_comes_back_takes_its_key_back,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let key = |id: i64| bed.accounts.registry().get(id).unwrap().key;
        let first = key(id);
        let library = films(Owner::Everybody, vec![source("attic", "Films", 7)]);
        let made = bed.accounts.create_library(&bed.root, library);
        let place = made.await.unwrap().sources.remove(0).library_id;
        // Where it is in the merged library, and with which priority.
        let stands_in = async || {
            let libraries = bed.accounts.merged_libraries().await.unwrap();
            let sources = libraries.into_iter().flat_map(|library| library.sources);
            let told = sources.map(|it| (it.server_id, it.library_id, it.priority));
            told.collect::<Vec<_>>()
        };
        // What a crawl remembers of its items.
        let ids = bed.accounts.ids();
        let copies: Vec<_> = attic
            .items(ItemKind::Movie)
            .into_iter()
            .map(|item| ids.copy(first, item))
            .collect();
        let new_items: Vec<(PublicId, PublicId)> =
            copies.iter().map(|copy| (ids.item(*copy), *copy)).collect();
        let places: Vec<_> = copies.iter().map(|copy| (*copy, ids.item(*copy))).collect();
        let new = items::NewIds {
            items: &new_items,
            copies: &places,
            ..items::NewIds::default()
        };
        items::remember(&db, new, 1).await.unwrap();

        bed.accounts.remove_server(&bed.root, id).await.unwrap();
        assert!(bed.accounts.registry().get(id).is_none());
        assert_eq!(stands_in().await, []);
        let back = bed.add(&attic, "another name").await;
        assert_eq!(key(back), first, "its items are the known ones");
        assert_eq!(stands_in().await, [(back, place.clone(), 7)]);
        bed.accounts.remove_server(&bed.root, back).await.unwrap();
        // Also where it is found out about only at first contact.
        let later = bed
            .accounts
            .add_server_later(&bed.root, add(&attic, "attic"));
        let back = later.await.unwrap().id;
        assert_ne!(key(back), first);
        assert_eq!(stands_in().await, []);
        bed.accounts.crawl_account(back).await.unwrap();
        assert_eq!(key(back), first);
        assert_eq!(stands_in().await, [(back, place.clone(), 7)]);
        bed.accounts.remove_server(&bed.root, back).await.unwrap();

        // The same upstream id, other items: another server, unless an administrator says otherwise.
        for number in attic.items(ItemKind::Movie) {
            assert!(attic.remove_item(number));
        }
        let empty = bed.add(&attic, "attic").await;
        assert_ne!(key(empty), first);
        assert_eq!(stands_in().await, [], "it is another server");
        bed.accounts.remove_server(&bed.root, empty).await.unwrap();
        let mut wish = add(&attic, "attic");
        wish.take_key = Some(first);
        let told = bed.accounts.add_server(&bed.root, wish).await.unwrap();
        assert_eq!(key(told.id), first);
        assert_eq!(stands_in().await, [(told.id, place, 7)]);
        let known = servers::known_servers(&db).await.unwrap();
        assert!(
            known
                .iter()
                .any(|known| known.server_key == first.to_string())
        );
        // A key in use is not given twice.
        let mut wish = add(&attic, "twice");
        wish.take_key = Some(first);
        wish.force = true;
        assert!(bed.accounts.add_server(&bed.root, wish).await.is_err());
    }
);

both_databases!(
    a_server_that_is_down_is_kept_and_found_at_first_contact,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        attic.stop();
        let mut wish = add(&attic, "attic");
        wish.config_key = Some("attic".into());
        assert!(
            bed.accounts
                .add_server(&bed.root, wish.clone())
                .await
                .is_err()
        );
        let row = bed
            .accounts
            .add_server_later(&bed.root, wish)
            .await
            .unwrap();
        let alice = bed.user("alice", Some("p")).await;
        let link = bed
            .accounts
            .link_later(&bed.root, alice.id, row.id, password("alice"), false)
            .await
            .unwrap();
        assert_eq!(link.state, LinkInfoState::Pending);
        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        assert!(signed_in.viewer.links.is_empty());
        assert!(bed.accounts.crawl_account(row.id).await.is_err());

        attic.restart().await.unwrap();
        let mut tries = 0;
        let account = loop {
            match bed.accounts.crawl_account(row.id).await {
                Ok(account) => break account,
                Err(_) if tries < 100 => tries += 1,
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        assert_eq!(Some(account.user_id), attic.user_id("crawler"));
        let row = &bed.accounts.servers().await.unwrap()[0];
        assert_eq!(row.upstream_id.as_deref(), Some(attic.id().as_str()));
        let viewer = bed
            .accounts
            .viewer_by_token(&signed_in.token)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            viewer.links[0].account.user_id,
            attic.user_id("alice").unwrap()
        );
    }
);

both_databases!(
    a_changed_address_must_be_the_same_server,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (attic, other) = (demo("attic").await, demo("other").await);
        let id = bed.add(&attic, "attic").await;
        let update = ServerUpdate {
            url: Some(other.url()),
            ..ServerUpdate::default()
        };
        let error = bed
            .accounts
            .update_server(&bed.root, id, update)
            .await
            .err()
            .unwrap();
        assert!(matches!(error, AccountsError::InvalidInput(_)), "{error}");
        let update = ServerUpdate {
            name: Some("Loft".into()),
            credentials: Some(password("alice")),
            ..ServerUpdate::default()
        };
        let row = bed
            .accounts
            .update_server(&bed.root, id, update)
            .await
            .unwrap();
        assert_eq!(
            (row.name.as_str(), row.crawl_username.as_deref()),
            ("Loft", Some("alice"))
        );
        assert_eq!(bed.accounts.registry().get(id).unwrap().name(), "Loft");
        // A refused token of the crawler is renewed by the stored password.
        attic.revoke_tokens("alice");
        let account = bed.accounts.renew_crawl_account(id).await.unwrap();
        let server = bed.accounts.registry().get(id).unwrap();
        assert!(server.get(&account, "/Users/Me", &[]).await.is_ok());
    }
);

both_databases!(
    keys_are_rotated_under_a_running_gateway,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let mut wish = add(&attic, "attic");
        wish.link_me = true;
        let id = bed.accounts.add_server(&bed.root, wish).await.unwrap().id;
        let running = bed.another_process().await;
        let before = running.crawl_account(id).await.unwrap();
        assert_eq!(bed.accounts.rotate_key().await.unwrap(), 4);
        assert_eq!(bed.accounts.rotate_key().await.unwrap(), 4);
        let after = running.crawl_account(id).await.unwrap();
        assert_eq!(after.token, before.token);
        let admin = bed.sign_in("admin", "admin-here").await.unwrap();
        assert_eq!(admin.viewer.links.len(), 1);
    }
);

both_databases!(a_lost_key_locks_nobody_out, |db: Db| async move {
    let bed = Bed::new(db.clone(), &[]).await;
    let attic = demo("attic").await;
    let mut wish = add(&attic, "attic");
    wish.link_me = true;
    bed.accounts.add_server(&bed.root, wish).await.unwrap();
    let options = manyfin::accounts::Options {
        secret_key: Some(Secret::new("11".repeat(32))),
        password_cost: manyfin::accounts::PasswordCost::Cheap,
        ..manyfin::accounts::Options::default()
    };
    let registry = manyfin::jellyfin::Registry::new(bed.clock.clone());
    let accounts = manyfin::accounts::Accounts::open(db, registry, bed.clock.clone(), options)
        .await
        .unwrap();
    let wish = manyfin::accounts::SignIn {
        username: "admin".into(),
        password: Secret::new("admin-here"),
        device: manyfin::accounts::Device::default(),
        address: None,
    };
    let signed_in = accounts.sign_in(wish).await.unwrap();
    assert!(signed_in.viewer.links.is_empty());
});

both_databases!(another_process_sees_a_new_server, |db: Db| async move {
    let bed = Bed::new(db, &[]).await;
    let running = bed.another_process().await;
    let attic = demo("attic").await;
    let id = bed.add(&attic, "attic").await;
    assert!(running.registry().get(id).is_none());
    assert!(running.notice().await.unwrap());
    assert!(running.registry().get(id).is_some());
    bed.accounts.remove_server(&bed.root, id).await.unwrap();
    assert!(running.notice().await.unwrap());
    assert!(running.registry().get(id).is_none());
});
