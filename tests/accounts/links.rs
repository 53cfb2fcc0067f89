//! Links: linking, renewing, refusing.

use manyfin::accounts::{AccountsError, Credentials, LinkInfoState, LinkState};
use manyfin::db::{Db, links};
use manyfin::demo::Access;
use manyfin::jellyfin::Account;
use manyfin::model::Secret;

use super::bed::{Bed, acting, add, demo, password};

fn disabled() -> Access {
    Access {
        disabled: true,
        ..Access::default()
    }
}

both_databases!(
    an_account_is_linked_by_password_or_token,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", Some("p")).await;
        let me = acting(&alice);
        let wrong = Credentials::Password {
            username: "alice".into(),
            password: Secret::new("x"),
        };
        for credentials in [wrong, Credentials::Token(Secret::new("nonsense"))] {
            let error = bed
                .accounts
                .link_account(&me, alice.id, id, credentials, false)
                .await;
            assert!(matches!(
                error,
                Err(AccountsError::WrongUpstreamCredentials)
            ));
        }
        let nowhere = bed
            .accounts
            .link_account(&me, alice.id, 999, password("alice"), false)
            .await;
        assert!(matches!(nowhere, Err(AccountsError::NotFound("server"))));
        let link = bed
            .accounts
            .link_account(&me, alice.id, id, password("alice"), false)
            .await;
        let link = link.unwrap();
        assert_eq!(link.upstream_user_id, attic.user_id("alice"));
        assert_eq!(
            (link.username.as_str(), &link.state),
            ("alice", &LinkInfoState::Active)
        );

        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        let account = signed_in.viewer.links[0].account.clone();
        let server = bed.accounts.registry().get(id).unwrap();
        let me_there = server.get(&account, "/Users/Me", &[]).await.unwrap();
        assert_eq!(me_there["Name"], "alice");

        // A token serves as well; the same account keeps its link.
        let token = Credentials::Token(account.token.clone());
        let again = bed
            .accounts
            .link_account(&me, alice.id, id, token, false)
            .await
            .unwrap();
        assert_eq!(again.id, link.id);
        // Another account there is another link.
        let other = bed
            .accounts
            .link_account(&me, alice.id, id, password("bob"), false)
            .await
            .unwrap();
        assert_ne!(other.id, link.id);
        assert_eq!(bed.accounts.links(&me, alice.id).await.unwrap().len(), 1);

        // What lies in the database shows neither token nor password.
        let row = links::by_id(&db, other.id).await.unwrap().unwrap();
        let sealed = [row.token.unwrap(), row.password.unwrap()].concat();
        assert!(!sealed.windows(6).any(|part| part == b"bob-pw"));
        bed.accounts.unlink(&me, other.id).await.unwrap();
        let viewer = bed
            .accounts
            .viewer_by_token(&signed_in.token)
            .await
            .unwrap()
            .unwrap();
        assert!(viewer.links.is_empty());
    }
);

both_databases!(
    a_refused_token_is_renewed_once_by_the_stored_password,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", Some("p")).await;
        let link = bed
            .accounts
            .link_account(&bed.root, alice.id, id, password("alice"), false)
            .await
            .unwrap();
        let signed_in = bed.sign_in("alice", "p").await.unwrap();
        let old = signed_in.viewer.links[0].account.token.clone();
        assert_eq!(
            bed.accounts.check_link(link.id).await.unwrap(),
            LinkState::Active
        );
        attic.revoke_tokens("alice");
        attic.clear_seen();
        // Calls that fail together cost one question.
        let checks = (0..8).map(|_| bed.accounts.check_link(link.id));
        for state in futures::future::join_all(checks).await {
            assert_eq!(state.unwrap(), LinkState::Active);
        }
        let paths: Vec<_> = attic.seen().into_iter().map(|seen| seen.path).collect();
        let logins = paths
            .iter()
            .filter(|path| path.ends_with("AuthenticateByName"))
            .count();
        assert_eq!(logins, 1, "{paths:?}");
        let viewer = bed
            .accounts
            .viewer_by_token(&signed_in.token)
            .await
            .unwrap()
            .unwrap();
        assert_ne!(viewer.links[0].account.token, old);
    }
);

both_databases!(
    a_refused_link_sees_nothing_and_its_sessions_end,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap();
        let carol = bed.user("carol", Some("p")).await;
        bed.accounts
            .link_account(&bed.root, carol.id, id, password("alice"), false)
            .await
            .unwrap();
        let hers = bed.sign_in("carol", "p").await.unwrap();
        let mut changes = bed.accounts.changes();
        let generation = bed.accounts.generation();
        attic.set_access("bob", disabled());
        attic.set_access("alice", disabled());
        for (who, link) in [
            (&bob, bob.viewer.links[0].id),
            (&hers, hers.viewer.links[0].id),
        ] {
            let state = bed.accounts.check_link(link).await.unwrap();
            assert!(matches!(state, LinkState::Refused { .. }), "{state:?}");
            assert!(
                who.viewer.link_to(id).is_some(),
                "what was handed out does not change"
            );
        }
        assert!(bed.accounts.generation() > generation);
        assert!(changes.try_recv().is_ok());
        assert!(
            !bed.opens(&bob.token).await,
            "the session that the account opened ends"
        );
        let viewer = bed
            .accounts
            .viewer_by_token(&hers.token)
            .await
            .unwrap()
            .unwrap();
        assert!(viewer.link_to(id).is_none(), "it sees nothing there");
        let links = bed.accounts.links(&bed.root, carol.id).await.unwrap();
        let said = &links[0].state;
        assert!(
            matches!(said, LinkInfoState::Refused { reason } if !reason.is_empty()),
            "{said:?}"
        );

        // Taken up again, it works again.
        attic.set_access("alice", Access::default());
        let state = bed.accounts.check_link(links[0].id).await.unwrap();
        assert_eq!(state, LinkState::Active);
        let viewer = bed
            .accounts
            .viewer_by_token(&hers.token)
            .await
            .unwrap()
            .unwrap();
        assert!(viewer.link_to(id).is_some());
        attic.set_access("bob", Access::default());
        bed.sign_in("bob", "bob-pw").await.unwrap();
    }
);

both_databases!(
    a_refused_link_is_asked_again_ever_more_seldom,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", Some("p")).await;
        let link = bed
            .accounts
            .link_account(&bed.root, alice.id, id, password("alice"), false)
            .await
            .unwrap();
        let state = async || {
            let links = bed.accounts.links(&bed.root, alice.id).await.unwrap();
            links[0].state.clone()
        };
        attic.set_access("alice", disabled());
        bed.accounts.check_link(link.id).await.unwrap();
        let mut asked_at = Vec::new();
        for minute in 0..200 {
            attic.clear_seen();
            bed.accounts.ask_refused_links().await.unwrap();
            if !attic.seen().is_empty() {
                asked_at.push(minute);
            }
            bed.clock.advance(chrono::Duration::minutes(1));
        }
        assert_eq!(asked_at, [1, 5, 15, 75, 135, 195]);
        assert!(matches!(state().await, LinkInfoState::Refused { .. }));

        // Once more at once when its server is back, but not with each of its restarts.
        attic.clear_seen();
        bed.accounts.ask_refused_links_of(id).await.unwrap();
        assert!(!attic.seen().is_empty());
        attic.set_access("alice", Access::default());
        bed.accounts.ask_refused_links_of(id).await.unwrap();
        assert!(matches!(state().await, LinkInfoState::Refused { .. }));
        bed.clock.advance(chrono::Duration::hours(1));
        bed.accounts.ask_refused_links().await.unwrap();
        assert_eq!(state().await, LinkInfoState::Active);
    }
);

both_databases!(
    a_refused_link_that_cannot_be_asked_again_keeps_no_other_waiting,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let accounts = &bed.accounts;
        let (attic, cellar) = (demo("attic").await, demo("cellar").await);
        let mut links = Vec::new();
        for (server, name) in [(&attic, "attic"), (&cellar, "cellar")] {
            let id = bed.add(server, name).await;
            let user = bed.user(name, None).await.id;
            let link = accounts.link_account(&bed.root, user, id, password("alice"), false);
            let link = link.await.unwrap().id;
            server.set_access("alice", disabled());
            accounts.check_link(link).await.unwrap();
            server.set_access("alice", Access::default());
            links.push((user, id));
        }
        let is_active = async |at: usize| {
            let links = accounts.links(&bed.root, links[at].0).await.unwrap();
            links[0].state == LinkInfoState::Active
        };
        assert!(!is_active(0).await && !is_active(1).await);
        // This process has not heard of the first server yet.
        accounts.registry().remove(links[0].1);
        bed.clock.advance(chrono::Duration::minutes(1));
        accounts.ask_refused_links().await.unwrap();
        assert!(!is_active(0).await && is_active(1).await);
    }
);

both_databases!(a_silent_server_changes_nothing, |db: Db| async move {
    let bed = Bed::new(db, &[]).await;
    let attic = demo("attic").await;
    let id = bed.add(&attic, "attic").await;
    let alice = bed.user("alice", Some("p")).await;
    let link = bed
        .accounts
        .link_account(&bed.root, alice.id, id, password("alice"), false)
        .await
        .unwrap();
    attic.stop();
    assert_eq!(
        bed.accounts.check_link(link.id).await.unwrap(),
        LinkState::Active
    );
    let links = bed.accounts.links(&bed.root, alice.id).await.unwrap();
    assert_eq!(links[0].state, LinkInfoState::Active);
});

both_databases!(
    a_name_given_to_somebody_else_is_not_the_linked_account,
    |db: Db| async move {
        // The account was deleted there, and made anew under the same name and password.
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("p")).await;
        let link = bed
            .accounts
            .link_account(&bed.root, carol.id, id, password("alice"), true)
            .await
            .unwrap();
        let change = links::LinkChange {
            upstream_user_id: Some(Some("0123456789abcdef0123456789abcdef".into())),
            ..links::LinkChange::default()
        };
        links::update(&db, link.id, &change).await.unwrap();
        assert!(bed.sign_in("carol", "alice-pw").await.is_err());
        let state = bed.accounts.check_link(link.id).await.unwrap();
        assert!(matches!(state, LinkState::Refused { .. }), "{state:?}");
    }
);

both_databases!(
    who_adds_a_server_by_their_own_account_is_linked_by_it,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let mut wish = add(&attic, "attic");
        wish.link_me = true;
        let row = bed.accounts.add_server(&bed.root, wish).await.unwrap();
        let links = bed.accounts.links(&bed.root, bed.admin.id).await.unwrap();
        assert_eq!(links[0].upstream_user_id, attic.user_id("crawler"));
        assert!(!links[0].sign_in);
        // The crawler's token and the link's live side by side.
        let server = bed.accounts.registry().get(row.id).unwrap();
        let crawler = bed.accounts.crawl_account(row.id).await.unwrap();
        let admin = bed.sign_in("admin", "admin-here").await.unwrap();
        let own: &Account = &admin.viewer.link_to(row.id).unwrap().account;
        for account in [&crawler, own] {
            assert!(server.get(account, "/Users/Me", &[]).await.is_ok());
        }
        assert_ne!(crawler.token, own.token);
    }
);
