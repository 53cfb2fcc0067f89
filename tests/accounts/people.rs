//! Users and sessions.

use manyfin::accounts::{AccountsError, Actor, FirstStart, NewUser};
use manyfin::db::Db;
use manyfin::model::{PublicId, Secret};
use serde_json::json;

use super::bed::{Bed, acting};

both_databases!(
    the_first_administrator_comes_by_a_token_used_once,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        assert!(matches!(
            bed.accounts.first_start(None).await.unwrap(),
            FirstStart::Done
        ));
        assert!(!bed.accounts.needs_setup().await.unwrap());
        let error = bed
            .accounts
            .complete_setup(&Secret::new("x"), "eve", Secret::new("p"), None)
            .await
            .unwrap_err();
        assert!(matches!(error, AccountsError::SetUpIsOver));
    }
);

both_databases!(set_up_makes_one_administrator, |db: Db| async move {
    let accounts = fresh(db).await;
    let FirstStart::Token(old) = accounts.first_start(None).await.unwrap() else {
        panic!("no administrator yet");
    };
    let FirstStart::Token(token) = accounts.first_start(None).await.unwrap() else {
        panic!("no administrator yet");
    };
    assert!(accounts.needs_setup().await.unwrap());
    let give = async |token: &Secret, password: &str| {
        let password = Secret::new(password);
        accounts.complete_setup(token, "root", password, None).await
    };
    assert!(matches!(
        give(&old, "p").await,
        Err(AccountsError::InvalidCredentials)
    ));
    assert!(matches!(
        give(&token, "").await,
        Err(AccountsError::InvalidInput(_))
    ));
    let user = give(&token, "p").await.unwrap();
    assert!(user.is_administrator);
    assert!(!accounts.needs_setup().await.unwrap());
    assert!(matches!(
        give(&token, "p").await,
        Err(AccountsError::SetUpIsOver)
    ));
});

both_databases!(
    a_token_is_worth_nothing_once_there_is_an_administrator,
    |db: Db| async move {
        let accounts = fresh(db).await;
        let FirstStart::Token(token) = accounts.first_start(None).await.unwrap() else {
            panic!("no administrator yet");
        };
        let root = NewUser {
            name: "root".into(),
            password: Some(Secret::new("p")),
            is_administrator: true,
            config_key: None,
        };
        accounts.create_user(&Actor::Shell, root).await.unwrap();
        for _ in 0..2 {
            let late = accounts.complete_setup(&token, "eve", Secret::new("p"), None);
            let late = late.await;
            assert!(matches!(late, Err(AccountsError::SetUpIsOver)));
        }
        assert_eq!(accounts.users().await.unwrap().len(), 1);
    }
);

both_databases!(
    the_environment_can_make_the_first_administrator,
    |db: Db| async move {
        let accounts = fresh(db).await;
        let start = accounts.first_start(Some(Secret::new("p"))).await.unwrap();
        let FirstStart::Made(user) = start else {
            panic!("one is made");
        };
        assert_eq!((user.name.as_str(), user.is_administrator), ("admin", true));
        let again = accounts
            .first_start(Some(Secret::new("other")))
            .await
            .unwrap();
        assert!(matches!(again, FirstStart::Done));
    }
);

async fn fresh(db: Db) -> manyfin::accounts::Accounts {
    use manyfin::accounts::{Accounts, Options, PasswordCost};
    let clock = manyfin::clock::Clock::system();
    let options = Options {
        secret_key: Some(Secret::new("00".repeat(32))),
        password_cost: PasswordCost::Cheap,
        ..Options::default()
    };
    let registry = manyfin::jellyfin::Registry::new(clock.clone());
    Accounts::open(db, registry, clock, options).await.unwrap()
}

both_databases!(
    names_are_taken_once_whatever_their_case,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let alice = bed.user("  Alice ", Some("p")).await;
        assert_eq!(alice.name, "Alice");
        for name in ["alice", "ALICE", "ａlice"] {
            let user = NewUser {
                name: name.into(),
                ..NewUser::default()
            };
            let error = bed.accounts.create_user(&bed.root, user).await.unwrap_err();
            assert!(matches!(error, AccountsError::NameTaken { .. }), "{error}");
        }
        for name in ["", "a\u{7}b"] {
            let user = NewUser {
                name: name.into(),
                ..NewUser::default()
            };
            let error = bed.accounts.create_user(&bed.root, user).await.unwrap_err();
            assert!(matches!(error, AccountsError::InvalidInput(_)), "{error}");
        }
        let error = bed
            .accounts
            .rename_user(&bed.root, alice.id, "Admin")
            .await
            .unwrap_err();
        assert!(matches!(error, AccountsError::NameTaken { .. }), "{error}");
        let renamed = bed
            .accounts
            .rename_user(&bed.root, alice.id, "alice")
            .await
            .unwrap();
        assert_eq!(
            renamed.name, "alice",
            "one's own name in another case is free"
        );
        let nobody = bed
            .accounts
            .rename_user(&bed.root, PublicId::random(), "x")
            .await;
        assert!(matches!(nobody, Err(AccountsError::NotFound("user"))));
    }
);

both_databases!(the_last_administrator_stays, |db: Db| async move {
    let bed = Bed::new(db, &[]).await;
    let (accounts, root, admin) = (&bed.accounts, &bed.root, bed.admin.id);
    for refused in [
        accounts.delete_user(root, admin).await.err(),
        accounts.set_administrator(root, admin, false).await.err(),
        accounts.set_disabled(root, admin, true).await.err(),
    ] {
        assert!(matches!(refused, Some(AccountsError::LastAdministrator)));
    }
    let other = bed.user("other", Some("p")).await;
    accounts
        .set_administrator(root, other.id, true)
        .await
        .unwrap();
    accounts.delete_user(root, admin).await.unwrap();
    assert!(matches!(
        accounts.delete_user(root, other.id).await,
        Err(AccountsError::LastAdministrator)
    ));
});

both_databases!(
    plain_users_may_not_what_administrators_may,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let alice = bed.user("alice", Some("p")).await;
        let bob = bed.user("bob", Some("p")).await;
        let (accounts, me) = (&bed.accounts, acting(&alice));
        let new = Secret::new("n");
        for refused in [
            accounts.create_user(&me, NewUser::default()).await.err(),
            accounts.rename_user(&me, alice.id, "x").await.err(),
            accounts.set_administrator(&me, alice.id, true).await.err(),
            accounts.set_disabled(&me, bob.id, true).await.err(),
            accounts.delete_user(&me, bob.id).await.err(),
            accounts
                .set_password(&me, bob.id, None, &new, None)
                .await
                .err(),
            accounts
                .update_settings(&me, bob.id, &json!({}))
                .await
                .err(),
            accounts.sessions(&me, Some(bob.id)).await.err(),
            accounts.sessions(&me, None).await.err(),
            accounts.links(&me, bob.id).await.err(),
            accounts
                .audit_log(&me, &Default::default(), &Default::default())
                .await
                .err(),
            accounts.audit_count(&me, &Default::default()).await.err(),
        ] {
            assert!(
                matches!(refused, Some(AccountsError::Forbidden)),
                "{refused:?}"
            );
        }
        let settings = json!({ "SubtitleMode": "Always" });
        let user = accounts
            .update_settings(&me, alice.id, &settings)
            .await
            .unwrap();
        assert_eq!(user.settings, settings);
    }
);

both_databases!(
    a_changed_password_ends_the_other_sessions,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let alice = bed.user("alice", Some("old")).await;
        let (accounts, me) = (&bed.accounts, acting(&alice));
        let here = bed.sign_in_on("alice", "old", "phone").await.unwrap();
        let there = bed.sign_in_on("alice", "old", "tv").await.unwrap();
        let new = Secret::new("new");
        for wrong in [None, Some(Secret::new("x"))] {
            let error = accounts
                .set_password(&me, alice.id, wrong.as_ref(), &new, None)
                .await;
            assert!(matches!(error, Err(AccountsError::InvalidCredentials)));
        }
        let keep = Some(here.viewer.session.id);
        let old = Secret::new("old");
        accounts
            .set_password(&me, alice.id, Some(&old), &new, keep)
            .await
            .unwrap();
        assert!(bed.opens(&here.token).await);
        assert!(!bed.opens(&there.token).await);
        assert!(bed.sign_in("alice", "old").await.is_err());
        bed.sign_in("alice", "new").await.unwrap();
        // An administrator needs no present password of others, and gives no empty one to their own.
        accounts
            .set_password(&bed.root, alice.id, None, &Secret::default(), None)
            .await
            .unwrap();
        bed.sign_in("alice", "").await.unwrap();
        let admin = Secret::new("admin-here");
        let empty = Secret::default();
        let error = accounts
            .set_password(&bed.root, bed.admin.id, Some(&admin), &empty, None)
            .await;
        assert!(matches!(error, Err(AccountsError::InvalidInput(_))));
    }
);

both_databases!(
    a_login_ends_only_the_same_users_session_on_the_same_device,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let alice = bed.user("alice", Some("p")).await;
        let bob = bed.user("bob", Some("p")).await;
        let first = bed.sign_in_on("alice", "p", "tv").await.unwrap();
        let phone = bed.sign_in_on("Alice", "p", "phone").await.unwrap();
        let bobs = bed.sign_in_on("bob", "p", "tv").await.unwrap();
        assert!(
            bed.opens(&first.token).await,
            "seen once, so that it lies in the cache"
        );
        let second = bed.sign_in_on("alice", "p", "tv").await.unwrap();
        assert!(!bed.opens(&first.token).await);
        for token in [&phone.token, &bobs.token, &second.token] {
            assert!(bed.opens(token).await);
        }
        assert_eq!(second.token.expose().len(), 32);
        assert!(second.token.expose().chars().all(|c| c.is_ascii_hexdigit()));
        // Clients that name no device do not end one another's sessions.
        let one = bed.sign_in_on("alice", "p", "").await.unwrap();
        bed.sign_in_on("alice", "p", "").await.unwrap();
        assert!(bed.opens(&one.token).await);

        let me = acting(&alice);
        assert_eq!(
            bed.accounts
                .sessions(&me, Some(alice.id))
                .await
                .unwrap()
                .len(),
            4
        );
        assert_eq!(
            bed.accounts.sessions(&bed.root, None).await.unwrap().len(),
            5
        );
        let theirs = bed.accounts.sign_out(&me, bobs.viewer.session.id).await;
        assert!(matches!(theirs, Err(AccountsError::Forbidden)));
        assert!(
            bed.accounts
                .sign_out(&me, phone.viewer.session.id)
                .await
                .unwrap()
        );
        assert!(
            !bed.accounts
                .sign_out(&me, phone.viewer.session.id)
                .await
                .unwrap()
        );
        assert!(!bed.opens(&phone.token).await);

        bed.accounts
            .set_disabled(&bed.root, bob.id, true)
            .await
            .unwrap();
        assert!(!bed.opens(&bobs.token).await);
        let error = bed.sign_in("bob", "p").await.unwrap_err();
        assert!(matches!(error, AccountsError::InvalidCredentials));
        bed.accounts.delete_user(&bed.root, alice.id).await.unwrap();
        assert!(!bed.opens(&second.token).await);
    }
);

both_databases!(
    the_last_use_of_a_session_is_noted_now_and_then,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        bed.user("alice", Some("p")).await;
        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        let id = signed_in.viewer.session.id;
        bed.accounts
            .set_capabilities(id, &json!({ "SupportsMediaControl": true }))
            .await
            .unwrap();
        bed.clock.advance(chrono::Duration::seconds(30));
        assert!(bed.opens(&signed_in.token).await);
        let seen = async || {
            bed.accounts
                .session(id)
                .await
                .unwrap()
                .unwrap()
                .last_seen_at
        };
        let before = seen().await;
        bed.clock.advance(chrono::Duration::seconds(45));
        assert!(bed.opens(&signed_in.token).await);
        for _ in 0..100 {
            if seen().await > before {
                let session = bed.accounts.session(id).await.unwrap().unwrap();
                assert!(session.capabilities.is_some());
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the use was never noted");
    }
);

both_databases!(wrong_passwords_run_into_the_limit, |db: Db| async move {
    let bed = Bed::new(db, &[]).await;
    bed.user("alice", Some("p")).await;
    for _ in 0..20 {
        bed.sign_in("alice", "p")
            .await
            .expect("right ones cost nothing");
    }
    let mut limited = false;
    for _ in 0..15 {
        match bed.sign_in("alice", "wrong").await.unwrap_err() {
            AccountsError::InvalidCredentials => assert!(!limited),
            AccountsError::TooManyAttempts { retry_after_s } => {
                limited = true;
                assert!((1..=10).contains(&retry_after_s));
            }
            other => panic!("{other}"),
        }
    }
    assert!(limited);
    assert!(
        bed.sign_in("alice", "p").await.is_err(),
        "also for the right one"
    );
    bed.clock.advance(chrono::Duration::seconds(11));
    bed.sign_in("alice", "p").await.unwrap();
});

both_databases!(
    ids_and_changes_are_shared_between_processes,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let other = bed.another_process().await;
        assert_eq!(bed.accounts.server_id(), other.server_id());
        assert_eq!(bed.accounts.ids().fixed("root"), other.ids().fixed("root"));
        let alice = bed.user("alice", Some("p")).await;
        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        assert!(other.notice().await.unwrap());
        assert!(!other.notice().await.unwrap());
        assert!(
            other
                .viewer_by_token(&signed_in.token)
                .await
                .unwrap()
                .is_some()
        );
        bed.accounts.delete_user(&bed.root, alice.id).await.unwrap();
        assert!(
            !bed.accounts.notice().await.unwrap(),
            "one's own changes are known"
        );
        assert!(other.notice().await.unwrap());
        assert!(
            other
                .viewer_by_token(&signed_in.token)
                .await
                .unwrap()
                .is_none()
        );
    }
);

both_databases!(
    changes_of_two_processes_at_once_are_both_noticed,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let other = bed.another_process().await;
        let alice = bed.user("alice", Some("p")).await;
        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        other.notice().await.unwrap();
        // Both change something before either looks.
        other.set_disabled(&bed.root, alice.id, true).await.unwrap();
        bed.user("bob", None).await;
        assert!(bed.accounts.notice().await.unwrap());
        assert!(!bed.opens(&signed_in.token).await);
        assert!(other.notice().await.unwrap());
        assert!(!bed.accounts.notice().await.unwrap());
    }
);

both_databases!(changes_are_audited_without_secrets, |db: Db| async move {
    let bed = Bed::new(db, &[]).await;
    let alice = bed.user("alice", Some("topsecret")).await;
    bed.accounts
        .rename_user(&bed.root, alice.id, "Alicia")
        .await
        .unwrap();
    let new = Secret::new("topsecret2");
    bed.accounts
        .set_password(&bed.root, alice.id, None, &new, None)
        .await
        .unwrap();
    bed.accounts
        .delete_user(&Actor::Shell, alice.id)
        .await
        .unwrap();
    let log = bed.log().await;
    let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "user.delete",
            "user.set_password",
            "user.rename",
            "user.create",
            "user.create"
        ]
    );
    assert_eq!(log[0].actor, "shell");
    assert_eq!(log[2].actor, bed.admin.id.to_string());
    assert!(log[2].before.as_ref().unwrap().contains("alice"));
    assert!(log[2].after.as_ref().unwrap().contains("Alicia"));
    assert!(!format!("{log:?}").contains("topsecret"));
    assert!(!format!("{log:?}").contains("argon2"));
});
