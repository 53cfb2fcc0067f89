//! Calls whose token the server has forgotten.

use chrono::Duration;
use manyfin::accounts::LinkState;
use manyfin::db::Db;
use manyfin::jellyfin::UpstreamError;

use super::bed::{Bed, demo, password};

both_databases!(
    a_server_that_forgets_each_token_is_left_alone_for_a_minute,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let alice = bed.user("alice", None).await;
        let link = bed
            .accounts
            .link_account(&bed.root, alice.id, id, password("alice"), false);
        link.await.unwrap();
        let server = bed.accounts.registry().get(id).unwrap();
        let link = async || bed.accounts.all_links().await.unwrap().remove(0).1;
        // A call by the token as it is kept, which the server has just forgotten.
        let works = async || {
            let account = link().await.account;
            attic.revoke_tokens("alice");
            attic.clear_seen();
            match server.get(&account, "/Users/Me", &[]).await {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error, UpstreamError::Unauthorized);
                    assert_eq!(attic.seen().len(), 1, "nothing but the call");
                    false
                }
            }
        };
        let wait = |seconds| bed.clock.advance(Duration::seconds(seconds));
        // One each five seconds, the last of them at 25.
        for _ in 0..6 {
            assert!(works().await);
            wait(5);
        }
        assert!(!works().await, "enough of it");
        wait(29);
        assert!(!works().await, "within the minute");
        wait(1);
        assert!(works().await, "the first is a minute ago");
        assert!(!works().await, "the others are not");
        wait(5);
        assert!(works().await, "the second is");
        // Nothing was concluded of the account meanwhile.
        assert_eq!(link().await.state, LinkState::Active);
        wait(60);
        for _ in 0..6 {
            assert!(works().await, "all of them are");
        }
        assert!(!works().await);
    }
);
