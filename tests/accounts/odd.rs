//! What a server may answer that no good one does, and what changes while it thinks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use manyfin::accounts::{
    Accounts, AccountsError, AddServer, Credentials, LinkInfoState, NewLibrary, OnServer, Owner,
    ServerUpdate, SourceInput,
};
use manyfin::config::{CollectionType, DedupStrategy, SourcePolicy};
use manyfin::db::links::LinkChange;
use manyfin::db::servers::ServerChange;
use manyfin::db::{Db, links, servers};
use manyfin::demo::DemoServer;
use manyfin::jellyfin::TlsTrust;
use manyfin::model::Secret;
use serde_json::{Value, json};

use super::bed::{Bed, acting, add, demo, password};

/// A certificate that nobody shows here.
const AUTHORITY: &str = include_str!("../../src/jellyfin/tests/tls/cert.pem");
const ID: &str = "0123456789abcdef0123456789abcdef";

/// A server that answers each path as it is told to: with the first answer until there is another.
#[derive(Clone, Default)]
struct Odd(Arc<Mutex<Answers>>);

/// By the path; each a status and a body.
type Answers = HashMap<&'static str, Vec<(u16, Value)>>;

impl Odd {
    /// One that does everything right, and its address.
    async fn start() -> (Self, String) {
        let odd = Self::default();
        let info = json!({ "Id": ID, "ServerName": "odd", "Version": "10.11.11",
            "ProductName": "Jellyfin Server", "StartupWizardCompleted": true });
        let user = json!({ "Id": ID, "Name": "crawler", "Policy": {} });
        odd.says("/System/Info/Public", &[(200, info)]);
        odd.says("/Users/Me", &[(200, user.clone())]);
        odd.says("/UserViews", &[(200, json!({ "Items": [] }))]);
        odd.says("/Items", &[(200, json!({ "Items": [] }))]);
        let signed_in = json!({ "User": user, "AccessToken": "a token" });
        odd.says("/Users/AuthenticateByName", &[(200, signed_in)]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(odd.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (odd, url)
    }

    fn says(&self, path: &'static str, answers: &[(u16, Value)]) {
        self.0.lock().unwrap().insert(path, answers.to_vec());
    }
}

async fn answer(State(odd): State<Odd>, request: Request) -> Response {
    let mut answers = odd.0.lock().unwrap();
    let Some(answers) = answers.get_mut(request.uri().path()) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let (status, body) = match answers.len() {
        1 => answers[0].clone(),
        _ => answers.remove(0),
    };
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn at(url: &str, credentials: Credentials) -> AddServer {
    AddServer {
        name: "odd".into(),
        url: url.into(),
        tls: TlsTrust::System,
        credentials,
        link_me: true,
        force: false,
        take_key: None,
        config_key: None,
    }
}

fn token(text: &str) -> Credentials {
    Credentials::Token(Secret::new(text))
}

both_databases!(
    a_token_must_be_that_of_somebody_who_may_enter,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (odd, url) = Odd::start().await;
        let refusal = async || {
            let added = bed.accounts.add_server(&bed.root, at(&url, token("t")));
            added.await.err().unwrap().code()
        };
        for (status, me, code) in [
            (400, json!({}), "WRONG_UPSTREAM_CREDENTIALS"),
            (404, json!({}), "WRONG_UPSTREAM_CREDENTIALS"),
            (200, json!({ "Name": "nobody" }), "UPSTREAM_MALFORMED"),
            (
                200,
                json!({ "Id": ID, "Policy": { "IsDisabled": true } }),
                "WRONG_UPSTREAM_CREDENTIALS",
            ),
        ] {
            odd.says("/Users/Me", &[(status, me.clone())]);
            assert_eq!(refusal().await, Some(code), "{status} {me}");
        }
        let mut info = odd.0.lock().unwrap()["/System/Info/Public"][0].clone();
        info.1["StartupWizardCompleted"] = json!(false);
        odd.says("/System/Info/Public", &[info]);
        assert_eq!(refusal().await, Some("UPSTREAM_STARTING"));
        assert!(bed.accounts.servers().await.unwrap().is_empty());
    }
);

both_databases!(
    a_server_is_added_though_what_follows_fails,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (odd, url) = Odd::start().await;
        let login = odd.0.lock().unwrap()["/Users/AuthenticateByName"][0].clone();
        odd.says(
            "/Users/AuthenticateByName",
            &[login.clone(), (401, json!({}))],
        );
        odd.says("/UserViews", &[(200, json!({ "Items": "none" }))]);
        let wish = at(&url, password("crawler"));
        let row = bed.accounts.add_server(&bed.root, wish).await.unwrap();
        let links = bed.accounts.links(&bed.root, bed.admin.id).await.unwrap();
        assert_eq!(links, [], "nobody is linked by an account that is refused");
        let read = bed.accounts.refresh_libraries(row.id).await.unwrap_err();
        assert_eq!(read.code(), Some("UPSTREAM_MALFORMED"), "{read}");
        odd.says("/UserViews", &[(200, json!({ "Items": [] }))]);
        bed.accounts.refresh_libraries(row.id).await.unwrap();
    }
);

both_databases!(
    first_contact_needs_no_more_than_the_account,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let (odd, url) = Odd::start().await;
        let accounts = &bed.accounts;
        let later = accounts.add_server_later(&bed.root, at(&url, token("t")));
        let row = later.await.unwrap();
        let sealed = row.crawl_token.clone().unwrap();
        assert!(!sealed.windows(1).all(|part| part == b"t"));
        // One link waits that can be opened, and one that cannot.
        let (ann, ben) = (bed.user("ann", None).await, bed.user("ben", None).await);
        let later = async |user, word: &str| {
            let later = accounts.link_later(&bed.root, user, row.id, token(word), false);
            later.await.unwrap().id
        };
        let (damaged, whole) = (later(ann.id, "a").await, later(ben.id, "b").await);
        let damage = LinkChange {
            token: Some(Some(b"damaged".to_vec())),
            ..LinkChange::default()
        };
        links::update(&db, damaged, &damage).await.unwrap();

        let ready = odd.0.lock().unwrap()["/System/Info/Public"][0].clone();
        let mut info = ready.clone();
        info.1["StartupWizardCompleted"] = json!(false);
        odd.says("/System/Info/Public", &[info]);
        let early = accounts.crawl_account(row.id).await.unwrap_err();
        assert_eq!(early.code(), Some("UPSTREAM_STARTING"));
        assert_eq!(accounts.servers().await.unwrap()[0].upstream_id, None);

        odd.says("/System/Info/Public", &[ready]);
        odd.says("/UserViews", &[(200, json!({ "Items": 1 }))]);
        let account = accounts.crawl_account(row.id).await.unwrap();
        assert_eq!(account.token, Secret::new("t"));
        let known = accounts.servers().await.unwrap().remove(0);
        assert_eq!(known.upstream_id.as_deref(), Some(ID));
        let state = async |user| {
            let links = accounts.links(&bed.root, user).await.unwrap();
            links[0].state.clone()
        };
        assert_eq!(state(ben.id).await, LinkInfoState::Active, "{whole}");
        assert_eq!(state(ann.id).await, LinkInfoState::Pending);
        let checked = accounts.check_link(damaged).await;
        assert!(matches!(checked, Err(AccountsError::Vault(_))));

        // Where all that was sealed is lost, that is told.
        let lost = ServerChange {
            crawl_user_id: Some(None),
            crawl_token: Some(None),
            ..ServerChange::default()
        };
        servers::update(&db, row.id, &lost).await.unwrap();
        let refused = accounts.crawl_account(row.id).await.unwrap_err();
        assert_eq!(refused.code(), Some("WRONG_UPSTREAM_CREDENTIALS"));
    }
);

both_databases!(
    a_server_is_changed_by_name_trust_and_account,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (attic, cellar) = (demo("attic").await, demo("cellar").await);
        let id = bed.add(&attic, "Attic").await;
        bed.add(&cellar, "Cellar").await;
        let accounts = &bed.accounts;
        let update = async |update| accounts.update_server(&bed.root, id, update).await;
        let taken = ServerUpdate {
            name: Some("CELLAR".into()),
            ..ServerUpdate::default()
        };
        let error = update(taken.clone()).await.err().unwrap();
        assert!(matches!(&error, AccountsError::NameTaken { name } if name == "CELLAR"));
        let error = accounts.update_server_later(&bed.root, id, taken).await;
        let error = error.err().unwrap();
        assert!(matches!(&error, AccountsError::InvalidInput(input) if input.field == "server"));

        // Over plain HTTP trust is not asked for, and kept all the same.
        let print = format!("sha256:{}", "ab".repeat(32));
        for (tls, kept) in [
            (AUTHORITY, (Some(AUTHORITY), None)),
            (print.as_str(), (None, Some(print.as_str()))),
            ("", (None, None)),
        ] {
            let tls = Some(tls.parse().unwrap());
            let change = ServerUpdate {
                tls,
                ..ServerUpdate::default()
            };
            let row = update(change).await.unwrap();
            assert_eq!(
                (row.ca_pem.as_deref(), row.tls_fingerprint.as_deref()),
                kept
            );
        }

        assert!(
            accounts.servers().await.unwrap()[0]
                .crawl_password
                .is_some()
        );
        let crawler = accounts.crawl_account(id).await.unwrap();
        let change = ServerUpdate {
            credentials: Some(Credentials::Token(crawler.token.clone())),
            ..ServerUpdate::default()
        };
        let row = update(change).await.unwrap();
        assert!(row.crawl_password.is_none(), "it is of no use any more");
        let after = accounts.crawl_account(id).await.unwrap();
        assert_eq!(after.token, crawler.token);

        for refused in [
            accounts.remove_server(&bed.root, 999).await,
            accounts.note_server(999, None, None).await,
        ] {
            assert!(matches!(refused, Err(AccountsError::NotFound("server"))));
        }
        let nobody = manyfin::model::PublicId::random();
        let refused = accounts.delete_user(&bed.root, nobody).await;
        assert!(matches!(refused, Err(AccountsError::NotFound("user"))));
        let list = json!([]);
        let refused = accounts.update_settings(&bed.root, bed.admin.id, &list);
        let refused = refused.await.err().unwrap();
        assert!(
            matches!(&refused, AccountsError::InvalidInput(input) if input.field == "settings")
        );
    }
);

/// Waits until somebody asks for this.
async fn is_asked(server: &DemoServer, path: &str) {
    for _ in 0..2_000 {
        if server.seen().iter().any(|seen| seen.path == path) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody asks for {path}");
}

both_databases!(
    what_goes_while_its_server_thinks_is_not_there,
    |db: Db| async move {
        let bed = Bed::new(db.clone(), &[]).await;
        let attic = demo("attic").await;
        let id = bed.add(&attic, "attic").await;
        let link = bed
            .accounts
            .link_account(&bed.root, bed.admin.id, id, password("alice"), false);
        let link = link.await.unwrap().id;
        // A refused crawler is renewed.
        attic.revoke_tokens("crawler");
        bed.accounts.refresh_libraries(id).await.unwrap();

        attic.revoke_tokens("alice");
        attic.set_delay(Duration::from_millis(700));
        attic.clear_seen();
        let thinking = |accounts: &Accounts| accounts.clone();
        let accounts = thinking(&bed.accounts);
        let checked = tokio::spawn(async move { accounts.check_link(link).await });
        is_asked(&attic, "/Users/Me").await;
        links::delete(&db, link).await.unwrap();
        let checked = checked.await.unwrap();
        assert!(
            matches!(checked, Err(AccountsError::NotFound("link"))),
            "{checked:?}"
        );
        let accounts = thinking(&bed.accounts);
        let read = tokio::spawn(async move { accounts.refresh_libraries(id).await });
        is_asked(&attic, "/UserViews").await;
        servers::delete(&db, id, 1).await.unwrap();
        let read = read.await.unwrap();
        assert!(
            matches!(read, Err(AccountsError::NotFound("server"))),
            "{read:?}"
        );
    }
);

fn films(owner: Owner, name: &str, sources: &[(&str, &str)]) -> NewLibrary {
    let source = |(server, library): &(&str, &str)| SourceInput {
        server: OnServer::Name((*server).into()),
        library: (*library).into(),
        priority: 0,
    };
    NewLibrary {
        name: name.into(),
        collection_type: CollectionType::Movies,
        dedup_strategy: DedupStrategy::ProviderIds,
        source_policy: SourcePolicy::Priority,
        owner,
        sources: sources.iter().map(source).collect(),
        config_key: None,
    }
}

both_databases!(
    libraries_wait_for_their_own_server_alone,
    |db: Db| async move {
        let bed = Bed::new(db, &[]).await;
        let (attic, cellar) = (demo("attic").await, demo("cellar").await);
        let attic_id = bed.add(&attic, "attic").await;
        cellar.stop();
        let later = bed
            .accounts
            .add_server_later(&bed.root, add(&cellar, "cellar"));
        let cellar_id = later.await.unwrap().id;
        let accounts = &bed.accounts;
        let make = async |library| accounts.create_library(&bed.root, library).await;
        let all = Owner::Everybody;
        let twice = [("cellar", "Films"), ("CELLAR", "films")];
        let error = make(films(all, "Twice", &twice)).await.unwrap_err();
        assert!(
            matches!(&error, AccountsError::InvalidInput(input) if input.field == "sources[1]"),
            "{error}"
        );
        let both = [("attic", "Films"), ("cellar", "Films")];
        let library = make(films(all, "Both", &both)).await.unwrap();
        assert_eq!((library.sources.len(), library.pending.len()), (1, 1));
        accounts.refresh_libraries(attic_id).await.unwrap();
        let waiting = accounts.merged_libraries().await.unwrap().remove(0);
        assert_eq!((waiting.sources.len(), waiting.pending.len()), (1, 1));

        // What a server has that nobody asked yet is not chosen for oneself.
        let alice = bed.user("alice", Some("p")).await;
        let later = accounts.link_later(&bed.root, alice.id, cellar_id, password("alice"), false);
        later.await.unwrap();
        let me = acting(&alice);
        let own = Owner::User(alice.id);
        let mine = async |name: &str, server: &str| {
            let library = films(own, name, &[(server, "Films")]);
            accounts.create_library(&me, library).await
        };
        let error = mine("Mine", "cellar").await.unwrap_err();
        assert_eq!(error.code(), Some("UPSTREAM_STARTING"), "{error}");

        // Own names are one's own: taken once by oneself, whatever others call theirs.
        let link = accounts.link_account(&me, alice.id, attic_id, password("alice"), false);
        link.await.unwrap();
        let first = mine("Both", "attic").await.unwrap();
        let error = mine("both", "attic").await.unwrap_err();
        assert!(
            matches!(&error, AccountsError::InvalidInput(input) if input.field == "name"),
            "{error}"
        );
        mine("Other", "attic").await.unwrap();
        for (name, is_free) in [("Other", false), ("BOTH", true)] {
            let update = manyfin::accounts::LibraryUpdate {
                name: Some(name.into()),
                ..Default::default()
            };
            let id = first.row.virtual_id.parse().unwrap();
            let renamed = accounts.update_library(&me, id, update).await;
            assert_eq!(renamed.is_ok(), is_free, "{name}");
        }
    }
);
