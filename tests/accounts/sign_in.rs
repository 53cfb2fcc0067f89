//! Signing in by a server's account: an operator of a server must not become somebody here.

use manyfin::accounts::{AccountsError, LinkInfoState};
use manyfin::db::Db;
use manyfin::demo::DemoServer;
use manyfin::model::Secret;

use super::bed::{Bed, acting, add, demo, password};

/// Who was asked for a login since the last look.
fn logins(server: &DemoServer) -> usize {
    let seen = server.seen();
    let path = |path: &str| path.eq_ignore_ascii_case("/Users/AuthenticateByName");
    seen.iter().filter(|seen| path(&seen.path)).count()
}

both_databases!(
    an_account_makes_its_user_and_signs_that_one_in,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "Attic").await;
        let wrong = bed.sign_in("bob", "nope").await.unwrap_err();
        assert!(matches!(wrong, AccountsError::InvalidCredentials));
        let first = bed.sign_in("bob", "bob-pw").await.unwrap();
        assert_eq!(first.viewer.name, "bob");
        assert_eq!(first.viewer.links.len(), 1);
        assert_eq!(
            first.viewer.link_to(id).unwrap().account.user_id,
            attic.user_id("bob").unwrap()
        );
        let user = bed
            .accounts
            .user(first.viewer.user_id)
            .await
            .unwrap()
            .unwrap();
        assert!(user.made_by_sign_in && !user.has_password && !user.is_administrator);

        // Each new sign-in asks the server and renews the link.
        attic.clear_seen();
        let second = bed.sign_in_on("BOB", "bob-pw", "phone").await.unwrap();
        assert_eq!(logins(&attic), 1);
        assert_eq!(second.viewer.user_id, first.viewer.user_id);
        let token = |viewer: &manyfin::accounts::Viewer| viewer.links[0].account.token.clone();
        assert_ne!(token(&second.viewer), token(&first.viewer));
        assert!(
            bed.opens(&first.token).await,
            "the other device stays signed in"
        );
        let named = bed.sign_in_on("bob@Attic", "bob-pw", "box").await.unwrap();
        assert_eq!(named.viewer.user_id, first.viewer.user_id);
        assert_eq!(bed.accounts.users().await.unwrap().len(), 2);
    }
);

both_databases!(
    no_right_upstream_makes_an_administrator_here,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        bed.add(&attic, "attic").await;
        let signed_in = bed.sign_in("crawler", "crawler-pw").await.unwrap();
        assert!(!signed_in.viewer.is_administrator);
        let user = signed_in.viewer.user_id;
        let error = bed
            .accounts
            .set_administrator(&bed.root, user, true)
            .await
            .unwrap_err();
        assert!(
            matches!(error, AccountsError::InvalidInput(_)),
            "not without a password: {error}"
        );
        // With a password of its own it can become one; what the account opened ends.
        let new = Secret::new("own");
        let keep = Some(signed_in.viewer.session.id);
        bed.accounts
            .set_password(&bed.root, user, None, &new, keep)
            .await
            .unwrap();
        assert!(bed.opens(&signed_in.token).await);
        bed.accounts
            .set_administrator(&bed.root, user, true)
            .await
            .unwrap();
        assert!(!bed.opens(&signed_in.token).await);
        let error = bed.sign_in("crawler", "crawler-pw").await.unwrap_err();
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        let error = bed
            .sign_in("crawler@attic", "crawler-pw")
            .await
            .unwrap_err();
        assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
        bed.sign_in("crawler", "own").await.unwrap();
    }
);

both_databases!(
    a_servers_operator_does_not_become_the_administrator,
    |db: Db| async move {
        // The administrator is linked by `alice`; the operator resets her password and signs in.
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let admin = bed.admin.id;
        bed.accounts
            .link_account(&bed.root, admin, id, password("alice"), false)
            .await
            .unwrap();
        for name in ["alice", "alice@attic"] {
            let error = bed.sign_in(name, "alice-pw").await.unwrap_err();
            assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
        }
        let error = bed.sign_in("admin", "alice-pw").await.unwrap_err();
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        let on = bed
            .accounts
            .link_account(&bed.root, admin, id, password("alice"), true)
            .await;
        assert!(
            matches!(on, Err(AccountsError::InvalidInput(_))),
            "not to be switched on either"
        );
        let links = bed.accounts.links(&bed.root, admin).await.unwrap();
        assert_eq!(
            links[0].state,
            LinkInfoState::Active,
            "and the link works on"
        );
        assert_eq!(bed.accounts.users().await.unwrap().len(), 1);
    }
);

both_databases!(
    a_link_signs_in_only_who_switched_it_on,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("own")).await;
        let me = acting(&carol);
        let link = bed
            .accounts
            .link_account(&me, carol.id, id, password("alice"), false)
            .await
            .unwrap();
        attic.clear_seen();
        assert!(bed.sign_in("carol", "alice-pw").await.is_err());
        assert_eq!(logins(&attic), 0, "what is typed does not even go there");
        bed.accounts
            .set_link_sign_in(&me, link.id, true)
            .await
            .unwrap();
        let signed_in = bed.sign_in("carol", "alice-pw").await.unwrap();
        assert_eq!(signed_in.viewer.user_id, carol.id);
        bed.sign_in("carol", "own").await.unwrap();
        // Attic is no sign-in server: a stranger's name goes nowhere.
        attic.clear_seen();
        assert!(bed.sign_in("bob", "bob-pw").await.is_err());
        assert!(bed.sign_in("bob@attic", "bob-pw").await.is_err());
        assert_eq!(logins(&attic), 0);
    }
);

both_databases!(
    equal_names_on_two_servers_are_two_people,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic", "basement"]).await;
        let (attic, basement) = (demo("attic").await, demo("basement").await);
        bed.add(&attic, "attic").await;
        bed.add(&basement, "basement").await;
        bed.sign_in("bob", "bob-pw").await.unwrap();
        let error = bed.sign_in("bob@basement", "bob-pw").await.unwrap_err();
        assert!(
            matches!(&error, AccountsError::NameTaken { name } if name == "bob"),
            "{error}"
        );

        // What is typed for a known name goes to that name's own server alone.
        attic.clear_seen();
        basement.clear_seen();
        let alice = bed.sign_in("alice@basement", "alice-pw").await.unwrap();
        assert_eq!((logins(&attic), logins(&basement)), (0, 1));
        let again = bed.sign_in("alice", "alice-pw").await.unwrap();
        assert_eq!(again.viewer.user_id, alice.viewer.user_id);
        assert!(bed.sign_in("alice", "wrong").await.is_err());
        assert_eq!(logins(&attic), 0);
        assert_eq!(logins(&basement), 3);
        // A renamed user is still the account's.
        bed.accounts
            .rename_user(&bed.root, alice.viewer.user_id, "Alicia")
            .await
            .unwrap();
        let renamed = bed.sign_in("alice@basement", "alice-pw").await.unwrap();
        assert_eq!(renamed.viewer.user_id, alice.viewer.user_id);
    }
);

both_databases!(
    a_password_for_one_server_goes_to_no_other,
    |db: Db| async move {
        let bed = Bed::new(db, &["basement"]).await;
        let (attic, basement) = (demo("attic").await, demo("basement").await);
        bed.add(&attic, "attic").await;
        bed.add(&basement, "basement").await;
        attic.clear_seen();
        basement.clear_seen();
        let error = bed.sign_in("bob@attic", "bob-pw").await.unwrap_err();
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        assert_eq!((logins(&attic), logins(&basement)), (0, 0));
        // What follows the `@` is no server's name: it belongs to the person's.
        assert!(bed.sign_in("bob@example.org", "x").await.is_err());
        assert_eq!(logins(&basement), 1);
    }
);

both_databases!(a_shared_account_signs_nobody_in, |db: Db| async move {
    let bed = Bed::new(db, &["attic"]).await;
    let attic = demo("attic").await;
    let id = bed.add(&attic, "attic").await;
    let bob = bed.sign_in("bob", "bob-pw").await.unwrap();
    assert!(!bob.viewer.links[0].shared);
    let carol = bed.user("carol", Some("p")).await;
    let me = acting(&carol);
    bed.accounts
        .link_account(&me, carol.id, id, password("bob"), true)
        .await
        .unwrap();
    let viewer = bed
        .accounts
        .viewer_by_token(&bob.token)
        .await
        .unwrap()
        .unwrap();
    assert!(viewer.links[0].shared, "known at once");
    let error = bed.sign_in("bob", "bob-pw").await.unwrap_err();
    assert!(
        matches!(error, AccountsError::InvalidCredentials),
        "{error}"
    );
    let error = bed.sign_in("bob@attic", "bob-pw").await.unwrap_err();
    assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
    assert!(bed.sign_in("carol", "bob-pw").await.is_err());
    let viewer = bed
        .accounts
        .viewer_by_token(&bob.token)
        .await
        .unwrap()
        .unwrap();
    let link = viewer.links[0].id;
    let state = bed.accounts.check_link(link).await.unwrap();
    assert_eq!(
        state,
        manyfin::accounts::LinkState::Active,
        "the refusals broke no link"
    );
});

both_databases!(a_silent_server_is_no_wrong_password, |db: Db| async move {
    let bed = Bed::new(db, &["attic"]).await;
    let attic = demo("attic").await;
    bed.add(&attic, "attic").await;
    let bob = bed.sign_in("bob", "bob-pw").await.unwrap();
    attic.stop();
    for name in ["bob", "alice", "alice@attic"] {
        let error = bed.sign_in(name, "x").await.unwrap_err();
        assert!(
            matches!(error, AccountsError::Upstream(_)),
            "{name}: {error}"
        );
    }
    assert!(bed.opens(&bob.token).await);
});

both_databases!(
    an_account_finds_its_user_after_its_server_came_back,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let before = bed.sign_in("bob", "bob-pw").await.unwrap();
        let key = bed.accounts.registry().get(id).unwrap().key;
        bed.accounts.remove_server(&bed.root, id).await.unwrap();
        assert!(
            !bed.opens(&before.token).await,
            "the session ends with its link"
        );
        assert!(bed.sign_in("bob", "bob-pw").await.is_err());
        let mut add = add(&attic, "attic");
        add.take_key = Some(key);
        bed.accounts.add_server(&bed.root, add).await.unwrap();
        for name in ["bob", "bob@attic"] {
            let after = bed.sign_in(name, "bob-pw").await.unwrap();
            assert_eq!(after.viewer.user_id, before.viewer.user_id);
            assert_eq!(after.viewer.links.len(), 1);
        }
    }
);
