//! Who is not signed in by a right account, and what people and links become when names, accounts and
//! servers change behind them.

use std::net::IpAddr;

use manyfin::accounts::{AccountsError, Credentials, Device, LinkInfoState, SignIn};
use manyfin::db::links::LinkChange;
use manyfin::db::users::UserChange;
use manyfin::db::{Db, links, users};
use manyfin::model::{PublicId, Secret};

use super::bed::{Bed, acting, demo, password};

async fn refusal(bed: &Bed, name: &str, password: &str) -> AccountsError {
    match bed.sign_in(name, password).await {
        Ok(signed_in) => panic!("{name} signs in as {}", signed_in.viewer.name),
        Err(error) => error,
    }
}

both_databases!(
    a_user_who_is_off_is_signed_in_by_no_account,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap();
        let user = bob.viewer.user_id;
        bed.accounts
            .set_disabled(&bed.root, user, true)
            .await
            .unwrap();
        for name in ["bob", "bob@attic"] {
            let error = refusal(&bed, name, "bob-pw").await;
            assert!(
                matches!(error, AccountsError::InvalidCredentials),
                "{error}"
            );
        }
        assert!(!bed.opens(&bob.token).await);
        bed.accounts
            .set_disabled(&bed.root, user, false)
            .await
            .unwrap();
        let again = bed.sign_in("bob@attic", "bob-pw").await.unwrap();
        assert_eq!(again.viewer.user_id, user);
    }
);

both_databases!(
    an_account_signs_in_the_user_who_switched_it_on,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("own")).await;
        let me = acting(&carol);
        let link = bed
            .accounts
            .link_account(&me, carol.id, id, password("alice"), true)
            .await
            .unwrap();
        // By the account's name, which nobody has here.
        for name in ["alice", "alice@attic"] {
            let signed_in = bed.sign_in(name, "alice-pw").await.unwrap();
            assert_eq!(signed_in.viewer.user_id, carol.id);
        }
        bed.accounts
            .set_link_sign_in(&me, link.id, false)
            .await
            .unwrap();
        let error = refusal(&bed, "alice", "alice-pw").await;
        assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
        assert_eq!(bed.accounts.users().await.unwrap().len(), 2);
    }
);

both_databases!(
    a_made_user_who_switched_signing_in_off_stays_out,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap().viewer;
        let link = bob.links[0].id;
        bed.accounts
            .set_link_sign_in(&bed.root, link, false)
            .await
            .unwrap();
        let error = refusal(&bed, "bob", "bob-pw").await;
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        let error = refusal(&bed, "bob@attic", "bob-pw").await;
        assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
    }
);

both_databases!(
    an_account_that_somebody_else_is_linked_to_is_not_its_makers_any_more,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap().viewer;
        bed.accounts
            .unlink(&bed.root, bob.links[0].id)
            .await
            .unwrap();
        let carol = bed.user("carol", Some("own")).await;
        bed.accounts
            .link_account(&acting(&carol), carol.id, id, password("bob"), true)
            .await
            .unwrap();
        for name in ["bob", "bob@attic"] {
            let error = refusal(&bed, name, "bob-pw").await;
            assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
        }
        // Carol's link still works.
        let signed_in = bed.sign_in("carol", "bob-pw").await.unwrap();
        assert_eq!(signed_in.viewer.user_id, carol.id);
    }
);

both_databases!(
    a_made_user_linked_to_another_account_there_is_not_linked_twice,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap().viewer;
        bed.accounts
            .link_account(&bed.root, bob.user_id, id, password("alice"), false)
            .await
            .unwrap();
        let error = refusal(&bed, "bob@attic", "bob-pw").await;
        assert!(matches!(error, AccountsError::SignInRefused(_)), "{error}");
        let links = bed.accounts.links(&bed.root, bob.user_id).await.unwrap();
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].upstream_user_id, attic.user_id("alice"));
    }
);

both_databases!(
    a_name_that_went_to_another_account_signs_in_nobody,
    |db: Db| async move {
        let bed = Bed::new(db, &["attic"]).await;
        let attic = demo("attic").await;
        bed.add(&attic, "attic").await;
        let bob = bed.sign_in("bob", "bob-pw").await.unwrap().viewer;
        let alice = bed.sign_in("alice", "alice-pw").await.unwrap().viewer;
        let rename = async |user: PublicId, name: &str| {
            let renamed = bed.accounts.rename_user(&bed.root, user, name).await;
            renamed.unwrap();
        };
        rename(alice.user_id, "alicia").await;
        rename(bob.user_id, "alice").await;
        bed.accounts
            .unlink(&bed.root, bob.links[0].id)
            .await
            .unwrap();
        // Whoever is called alice here was made by bob's account; the password is alice's there.
        let error = refusal(&bed, "alice", "alice-pw").await;
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        let hers = bed.sign_in("alicia", "alice-pw").await.unwrap();
        assert_eq!(hers.viewer.user_id, alice.user_id);
    }
);

both_databases!(
    no_account_makes_a_user_who_would_be_taken_for_anothers,
    |db: Db| async move {
        // `bob@attic` here would be asked before bob on Attic.
        let bed = Bed::new(db, &["basement"]).await;
        let attic = demo("attic").await;
        bed.add(&attic, "attic").await;
        let mut spec = manyfin::demo::DemoSpec::films("basement", 2, 0);
        spec.users[1].name = "bob@attic".to_owned();
        let word = spec.users[1].password.clone();
        let basement = manyfin::demo::DemoServer::start(spec).await.unwrap();
        bed.add(&basement, "basement").await;
        let error = refusal(&bed, "bob@attic@basement", word.expose()).await;
        assert!(
            matches!(&error, AccountsError::NameTaken { name } if name == "bob@attic"),
            "{error}"
        );
        assert_eq!(bed.accounts.users().await.unwrap().len(), 1);
    }
);

both_databases!(
    a_link_that_waits_for_its_server_signs_nobody_in,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("own")).await;
        let token = Credentials::Token(Secret::new("brought along"));
        attic.stop();
        let later = bed
            .accounts
            .link_later(&acting(&carol), carol.id, id, token.clone(), true)
            .await;
        assert!(matches!(later, Err(AccountsError::Forbidden)));
        let link = bed
            .accounts
            .link_later(&bed.root, carol.id, id, token, true)
            .await
            .unwrap();
        assert_eq!(link.state, LinkInfoState::Pending);
        assert_eq!((link.username.as_str(), link.upstream_user_id), ("", None));
        assert!(bed.accounts.all_links().await.unwrap().is_empty());
        let row = links::by_id(&db, link.id).await.unwrap().unwrap();
        assert!(row.password.is_none());
        let sealed = row.token.unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"brought"));
        let error = refusal(&bed, "carol", "wrong").await;
        assert!(
            matches!(error, AccountsError::InvalidCredentials),
            "{error}"
        );
        let signed_in = bed.sign_in("carol", "own").await.unwrap();
        assert!(signed_in.viewer.links.is_empty());
    }
);

both_databases!(
    a_server_that_is_not_there_is_told_to_who_signs_in_by_it,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("own")).await;
        bed.accounts
            .link_account(&acting(&carol), carol.id, id, password("alice"), true)
            .await
            .unwrap();
        bed.accounts.registry().remove(id);
        let error = refusal(&bed, "carol", "alice-pw").await;
        assert!(
            matches!(error, AccountsError::NotFound("server")),
            "{error}"
        );
        bed.sign_in("carol", "own").await.unwrap();
    }
);

both_databases!(
    a_token_that_was_brought_outlives_its_link,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let server = bed.accounts.registry().get(id).unwrap();
        let made = server
            .authenticate("alice", &Secret::new("alice-pw"), "her own device")
            .await
            .unwrap();
        let carol = bed.user("carol", Some("own")).await;
        let me = acting(&carol);
        let token = Credentials::Token(made.token.clone());
        let link = bed
            .accounts
            .link_account(&me, carol.id, id, token, false)
            .await
            .unwrap();
        bed.accounts.unlink(&me, link.id).await.unwrap();
        let account = manyfin::jellyfin::Account {
            user_id: made.user_id,
            token: made.token,
            device_id: "her own device".into(),
            link: None,
        };
        let hers = server.get(&account, "/Users/Me", &[]).await.unwrap();
        assert_eq!(hers["Name"], "alice");
    }
);

both_databases!(
    a_session_opens_nothing_for_who_is_off_or_gone,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let carol = bed.user("carol", Some("own")).await;
        let signed_in = bed.sign_in("carol", "own").await.unwrap();
        let session = signed_in.viewer.session.id;
        let found = bed.accounts.viewer_of_session(session).await.unwrap();
        assert_eq!(found.unwrap().user_id, carol.id);
        let as_player = bed.accounts.viewer_of_user(carol.id).await.unwrap();
        assert_eq!(as_player.unwrap().user_id, carol.id);
        for nobody in [PublicId::random(), PublicId::default()] {
            let found = bed.accounts.viewer_of_session(nobody).await.unwrap();
            assert!(found.is_none());
            assert!(bed.accounts.viewer_of_user(nobody).await.unwrap().is_none());
        }
        // Switched off behind this process's back, before it hears of it: the session is still there.
        let off = UserChange {
            is_disabled: Some(true),
            ..UserChange::default()
        };
        users::update(&db, &carol.id.to_string(), &off)
            .await
            .unwrap();
        let other = bed.another_process().await;
        assert!(
            other
                .viewer_by_token(&signed_in.token)
                .await
                .unwrap()
                .is_none()
        );
        assert!(other.viewer_of_session(session).await.unwrap().is_none());
        assert!(other.viewer_of_user(carol.id).await.unwrap().is_none());
    }
);

both_databases!(
    a_link_that_cannot_be_read_is_an_error_and_not_a_lesser_right,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let carol = bed.user("carol", Some("own")).await;
        let link = bed
            .accounts
            .link_account(&bed.root, carol.id, id, password("alice"), false)
            .await
            .unwrap();
        let signed_in = bed.sign_in("carol", "own").await.unwrap();
        let damage = LinkChange {
            upstream_user_id: Some(Some("no id at all".into())),
            ..LinkChange::default()
        };
        links::update(&db, link.id, &damage).await.unwrap();
        let other = bed.another_process().await;
        let found = other.viewer_by_token(&signed_in.token).await;
        assert!(matches!(found, Err(AccountsError::Db(_))), "{found:?}");
        let told = other.links(&bed.root, carol.id).await;
        assert!(matches!(told, Err(AccountsError::Db(_))));
    }
);

both_databases!(
    who_is_signed_out_by_an_administrator_is_told_of_in_the_log,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let carol = bed.user("carol", Some("own")).await;
        let dave = bed.user("dave", Some("own")).await;
        let tv = bed.sign_in("carol", "own").await.unwrap();
        let phone = bed.sign_in_on("carol", "own", "phone").await.unwrap();
        let (tv_id, phone_id) = (tv.viewer.session.id, phone.viewer.session.id);
        let refused = bed.accounts.sign_out(&acting(&dave), tv_id).await;
        assert!(matches!(refused, Err(AccountsError::Forbidden)));
        assert!(bed.opens(&tv.token).await);

        assert!(bed.accounts.sign_out(&bed.root, tv_id).await.unwrap());
        assert!(!bed.opens(&tv.token).await && bed.opens(&phone.token).await);
        let log = bed.log().await;
        let latest = &log[0];
        assert_eq!(
            (latest.action.as_str(), latest.subject.as_str()),
            ("session.end", tv_id.to_string().as_str())
        );
        let before = latest.before.as_deref().unwrap_or_default();
        assert!(before.contains("The tv"), "{before}");

        // Whoever signs out themself is no news; nobody is signed out twice.
        let entries = bed.log().await.len();
        assert!(
            bed.accounts
                .sign_out(&acting(&carol), phone_id)
                .await
                .unwrap()
        );
        assert!(!bed.accounts.sign_out(&bed.root, phone_id).await.unwrap());
        assert_eq!(bed.log().await.len(), entries);
    }
);

both_databases!(
    who_guesses_from_elsewhere_keeps_nobody_out_of_their_own_network,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        bed.user("carol", Some("own")).await;
        let wish = |password: &str, device: &str, address: &str| SignIn {
            username: "carol".into(),
            password: Secret::new(password),
            device: Device {
                id: device.into(),
                name: device.into(),
                client: "Test".into(),
                version: "1".into(),
            },
            address: Some(address.parse::<IpAddr>().unwrap()),
        };
        bed.accounts
            .sign_in(wish("own", "tv", "192.0.2.7"))
            .await
            .unwrap();
        // After a restart only her open session tells from where she comes.
        let restarted = bed.another_process().await;
        let mut limited = false;
        for guess in 0..40 {
            let from = format!("198.51.100.{guess}");
            let tried = restarted.sign_in(wish("guess", "evil", &from)).await;
            limited |= matches!(tried, Err(AccountsError::TooManyAttempts { .. }));
        }
        assert!(limited, "the name is closed to strangers");
        let stranger = restarted.sign_in(wish("own", "new", "203.0.113.9")).await;
        assert!(matches!(
            stranger,
            Err(AccountsError::TooManyAttempts { .. })
        ));
        let hers = restarted
            .sign_in(wish("own", "new phone", "192.0.2.7"))
            .await;
        assert!(hers.is_ok(), "a new device in her own network");
        let tv = restarted.sign_in(wish("own", "tv", "203.0.113.9")).await;
        assert!(tv.is_ok(), "her own device elsewhere");
    }
);
