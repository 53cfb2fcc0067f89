//! Files applied to an installation, and tried by `check`.

use std::path::Path;

use manyfin::accounts::{
    Accounts, Actor, Credentials, LibraryUpdate, LinkInfoState, NewUser, Options, PasswordCost,
    ServerUpdate,
};
use manyfin::app::apply::{Action, ApplyError, Change, apply, settle};
use manyfin::app::check::check;
use manyfin::clock::Clock;
use manyfin::config::{Config, Overrides};
use manyfin::db::merged_libraries::MergedLibrary;
use manyfin::db::{Db, audit};
use manyfin::demo::{Access, Content, DemoServer, DemoSpec};
use manyfin::jellyfin::Registry;
use manyfin::model::Secret;

/// A demo server of films, shows and music.
async fn server(name: &str) -> DemoServer {
    let content = Content::Generated {
        shelf: 0,
        films: 12,
    };
    let spec = DemoSpec::new(name, content);
    DemoServer::start(spec).await.expect("a demo server starts")
}

/// The service, and a folder for its key that lives as long.
async fn accounts(db: &Db) -> (Accounts, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::system();
    let options = Options {
        secret_key_file: folder.path().join("secret.key"),
        password_cost: PasswordCost::Cheap,
        ..Options::default()
    };
    let opened = Accounts::open(db.clone(), Registry::new(clock.clone()), clock, options);
    (opened.await.expect("the accounts open"), folder)
}

/// A configuration of this text, with the data in `folder`.
fn config(folder: &Path, text: &str) -> Config {
    let file = folder.join("manyfin.toml");
    std::fs::write(&file, text).expect("a file can be written");
    let data = folder.to_str().expect("a path is text");
    let flags = Overrides {
        data_dir: Some(data.to_owned()),
        database_url: Some(format!("sqlite://{data}/checked.db")),
        ..Overrides::default()
    };
    Config::load_from(Some(&file), [], &flags).expect("the configuration is right")
}

fn attic(url: &str) -> String {
    format!(
        "[[servers]]\nname = \"attic\"\nurl = \"{url}\"\nusername = \"crawler\"\n\
         password = \"crawler-pw\"\n"
    )
}

const ROOT: &str =
    "[[users]]\nname = \"root\"\npassword = \"a long password\"\nadministrator = true\n";

fn alice(password: &str) -> String {
    format!(
        "[[users]]\nname = \"alice\"\npassword = \"x\"\n\
         links = [{{ server = \"attic\", username = \"alice\", password = \"{password}\" }}]\n"
    )
}

/// A global library called Shelf of these of attic's libraries, with these priorities.
fn shelf(sources: &[(&str, i32)]) -> String {
    let sources: Vec<_> = sources
        .iter()
        .map(|(library, priority)| {
            format!("{{ server = \"attic\", library = \"{library}\", priority = {priority} }}")
        })
        .collect();
    format!(
        "[[merged_libraries]]\nname = \"Shelf\"\ncollection_type = \"mixed\"\nsources = [{}]\n",
        sources.join(", ")
    )
}

fn texts(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.text.as_str()).collect()
}

async fn one_library(accounts: &Accounts) -> MergedLibrary {
    let mut all = accounts.merged_libraries().await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn sources(library: &MergedLibrary) -> Vec<(&str, i32)> {
    let sources = library.sources.iter();
    sources
        .map(|source| (source.library_name.as_str(), source.priority))
        .collect()
}

both_databases!(a_second_run_changes_nothing, |db| async move {
    let demo = server("attic").await;
    let (accounts, folder) = accounts(&db).await;
    let text = attic(&demo.url()) + ROOT + &alice("alice-pw") + &shelf(&[("Films", 10)]);
    let config = config(folder.path(), &text);
    let changes = apply(&accounts, &config, false).await.unwrap();
    assert_eq!(
        texts(&changes),
        [
            "added server attic",
            "added administrator root",
            "added user alice",
            "added the link of alice to attic",
            "added merged library Shelf",
        ]
    );
    assert_eq!(sources(&one_library(&accounts).await), [("Films", 10)]);
    let alice = accounts.user_by_name("alice").await.unwrap().unwrap();
    let links = accounts.links(&Actor::Config, alice.id).await.unwrap();
    assert_eq!(links[0].state, LinkInfoState::Active);
    let told = serde_json::to_string(&changes).unwrap();
    assert!(
        !told.contains("-pw") && !told.contains("password"),
        "{told}"
    );
    let part = audit::AuditPart {
        limit: 100,
        ..audit::AuditPart::default()
    };
    let log = audit::list(&db, &Default::default(), &part).await.unwrap();
    assert!(!log.is_empty());
    assert!(log.iter().all(|entry| entry.actor == "config"));

    demo.clear_seen();
    for prune in [false, true] {
        assert_eq!(apply(&accounts, &config, prune).await.unwrap(), []);
    }
    assert_eq!(demo.seen(), [], "what is as it should be asks nobody");
    let again = audit::list(&db, &Default::default(), &part).await.unwrap();
    assert_eq!(again.len(), log.len());
});

both_databases!(a_rename_elsewhere_is_only_a_name, |db| async move {
    let demo = server("attic").await;
    let (accounts, folder) = accounts(&db).await;
    let text = attic(&demo.url()) + ROOT + &alice("alice-pw") + &shelf(&[("Films", 10)]);
    let config = config(folder.path(), &text);
    apply(&accounts, &config, false).await.unwrap();

    let actor = Actor::Shell;
    let server = accounts.servers().await.unwrap().remove(0);
    let name = Some("Loft".to_owned());
    let update = ServerUpdate {
        name: name.clone(),
        ..ServerUpdate::default()
    };
    accounts
        .update_server(&actor, server.id, update)
        .await
        .unwrap();
    let alice = accounts.user_by_name("alice").await.unwrap().unwrap();
    accounts
        .rename_user(&actor, alice.id, "Alicia")
        .await
        .unwrap();
    let library = one_library(&accounts).await;
    let update = LibraryUpdate {
        name,
        ..LibraryUpdate::default()
    };
    let id = library.row.virtual_id.parse().unwrap();
    accounts.update_library(&actor, id, update).await.unwrap();

    assert_eq!(apply(&accounts, &config, true).await.unwrap(), []);
    assert_eq!(accounts.servers().await.unwrap()[0].name, "Loft");
    assert_eq!(one_library(&accounts).await.row.name, "Loft");
    assert!(accounts.user_by_name("alicia").await.unwrap().is_some());
    assert_eq!(accounts.users().await.unwrap().len(), 2);
});

both_databases!(
    sources_are_the_whole_list_and_the_file_wins,
    |db| async move {
        let demo = server("attic").await;
        let (accounts, folder) = accounts(&db).await;
        let base = attic(&demo.url());
        let first = config(folder.path(), &(base.clone() + &shelf(&[("Films", 10)])));
        apply(&accounts, &first, false).await.unwrap();
        let other = base.clone() + &shelf(&[("Shows", 5)]) + "dedup_strategy = \"none\"\n";
        let other = config(folder.path(), &other);
        let changes = apply(&accounts, &other, false).await.unwrap();
        assert_eq!(
            texts(&changes),
            [
                "changed merged library Shelf: its strategy is none, its sources are those of the file"
            ]
        );
        assert_eq!(sources(&one_library(&accounts).await), [("Shows", 5)]);
        assert_eq!(apply(&accounts, &other, false).await.unwrap(), []);

        let wrong = base + &shelf(&[("Shows", 5), ("Films", 1), ("Flims", 1)]);
        let wrong = config(folder.path(), &wrong);
        let ApplyError { changes, problems } = apply(&accounts, &wrong, false).await.unwrap_err();
        assert_eq!(changes.len(), 1, "what can be done is done");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.contains("attic has no library Flims"));
        assert_eq!(
            sources(&one_library(&accounts).await),
            [("Shows", 5), ("Films", 1)]
        );
    }
);

both_databases!(prune_removes_only_what_a_file_made, |db| async move {
    let demo = server("attic").await;
    let (accounts, folder) = accounts(&db).await;
    let by_hand = NewUser {
        name: "hand".to_owned(),
        ..NewUser::default()
    };
    accounts.create_user(&Actor::Shell, by_hand).await.unwrap();
    let text = attic(&demo.url()) + ROOT + &alice("alice-pw") + &shelf(&[("Films", 10)]);
    let full = config(folder.path(), &text);
    apply(&accounts, &full, false).await.unwrap();

    let empty = config(folder.path(), "");
    assert_eq!(apply(&accounts, &empty, false).await.unwrap(), []);
    let changes = apply(&accounts, &empty, true).await.unwrap();
    assert_eq!(
        texts(&changes),
        [
            "removed merged library Shelf",
            "removed user alice",
            "kept user root: the last administrator must stay",
            "removed server attic",
        ]
    );
    let users = accounts.users().await.unwrap();
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["hand", "root"]);
    let again = apply(&accounts, &empty, true).await.unwrap();
    assert!(again.iter().all(|change| !change.is_change()), "{again:?}");
});

both_databases!(a_server_that_is_down_is_kept_pending, |db| async move {
    let demo = server("attic").await;
    demo.set_available(false).await.unwrap();
    let (accounts, folder) = accounts(&db).await;
    let own = "[[merged_libraries]]\nname = \"Mine\"\nowner = \"alice\"\n\
               sources = [{ server = \"attic\", library = \"Films\" }]\n";
    let base = attic(&demo.url()) + ROOT + &alice("alice-pw") + own;
    let config = config(folder.path(), &base);
    let changes = apply(&accounts, &config, false).await.unwrap();
    let text = texts(&changes).join("\n");
    assert!(
        text.contains("added server attic, pending until it answers"),
        "{text}"
    );
    assert!(
        text.contains("pending until the server answers, the link of alice"),
        "{text}"
    );
    assert!(
        text.contains("Mine of alice, pending until these answer: attic"),
        "{text}"
    );
    assert_eq!(apply(&accounts, &config, true).await.unwrap(), []);
    assert_eq!(one_library(&accounts).await.pending.len(), 1);

    demo.set_available(true).await.unwrap();
    let server = accounts.servers().await.unwrap().remove(0);
    // The breaker may still leave the server alone for a moment.
    for _ in 0..100 {
        if settle(&accounts, server.id).await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let library = one_library(&accounts).await;
    assert_eq!(sources(&library), [("Films", 0)]);
    assert!(library.pending.is_empty());
    let alice = accounts.user_by_name("alice").await.unwrap().unwrap();
    let links = accounts.links(&Actor::Config, alice.id).await.unwrap();
    assert_eq!(links[0].state, LinkInfoState::Active);
    assert_eq!(apply(&accounts, &config, true).await.unwrap(), []);
});

/// A certificate that nobody shows here.
const AUTHORITY: &str = include_str!("../src/jellyfin/tests/tls/cert.pem");

both_databases!(
    a_server_that_was_never_reached_is_changed_unasked,
    |db| async move {
        let demo = server("attic").await;
        let (accounts, folder) = accounts(&db).await;
        let authority = folder.path().join("authority.pem");
        std::fs::write(&authority, AUTHORITY).unwrap();
        let authority = format!("ca_file = \"{}\"\n", authority.display());
        let print = format!("sha256:{}", "ab".repeat(32));
        let pinned = format!("tls_fingerprint = \"{print}\"\n");
        let (account, trust) = (
            "the account that crawls it",
            "whose certificates it is trusted by",
        );
        let silent = "https://127.0.0.1:9/";
        let by_password = "username = \"crawler\"\npassword = \"crawler-pw\"\n";
        let steps = [
            (silent, "token = \"one\"\n", "", String::new()),
            (silent, "token = \"two\"\n", "", account.to_owned()),
            (silent, by_password, "", account.to_owned()),
            (silent, by_password, authority.as_str(), trust.to_owned()),
            (silent, by_password, pinned.as_str(), trust.to_owned()),
            (
                silent,
                "token = \"two\"\n",
                "",
                format!("{trust} and {account}"),
            ),
            (
                "https://127.0.0.1:9/jf",
                by_password,
                "",
                format!("its address and {account}"),
            ),
        ];
        for (url, login, trusted, what) in steps {
            let text = format!("[[servers]]\nname = \"attic\"\nurl = \"{url}\"\n{login}{trusted}");
            let file = config(folder.path(), &text);
            let changes = apply(&accounts, &file, false).await.unwrap();
            let told = texts(&changes).join("\n");
            match what.is_empty() {
                true => assert!(told.starts_with("added server attic, pending"), "{told}"),
                false => assert_eq!(told, format!("changed server attic: {what}")),
            }
            let row = accounts.servers().await.unwrap().remove(0);
            assert_eq!(row.url, url);
            assert_eq!(
                row.ca_pem.as_deref(),
                (trusted == authority).then_some(AUTHORITY)
            );
            let fingerprint = (trusted == pinned).then_some(print.as_str());
            assert_eq!(row.tls_fingerprint.as_deref(), fingerprint);
            let name = (login == by_password).then_some("crawler");
            assert_eq!(row.crawl_username.as_deref(), name);
            assert_eq!(row.crawl_password.is_some(), name.is_some());
            assert_eq!(row.crawl_token.is_some(), name.is_none());
            assert_eq!(apply(&accounts, &file, true).await.unwrap(), [], "{text}");
        }
        let right = config(folder.path(), &attic(&demo.url()));
        let changes = apply(&accounts, &right, false).await.unwrap();
        assert_eq!(
            texts(&changes),
            ["changed server attic: its address, it answered for the first time"]
        );
        let row = accounts.servers().await.unwrap().remove(0);
        assert_eq!(row.upstream_id, Some(demo.id()));
        assert_eq!(apply(&accounts, &right, true).await.unwrap(), []);
        // It is known from now on, and another token of its crawler is asked about.
        let crawler = accounts.crawl_account(row.id).await.unwrap();
        let login = format!("token = \"{}\"\n", crawler.token.expose());
        let text = attic(&demo.url()).replace(by_password, &login);
        let changes = apply(&accounts, &config(folder.path(), &text), false).await;
        assert_eq!(
            texts(&changes.unwrap()),
            [format!("changed server attic: {account}")]
        );
    }
);

both_databases!(passwords_are_for_what_is_made, |db| async move {
    let demo = server("attic").await;
    let (accounts, folder) = accounts(&db).await;
    let base = attic(&demo.url()) + ROOT;
    let first = config(folder.path(), &(base.clone() + &alice("alice-pw")));
    apply(&accounts, &first, false).await.unwrap();
    let stale = config(folder.path(), &(base + &alice("another")));
    assert_eq!(apply(&accounts, &stale, false).await.unwrap(), []);

    let alice = accounts.user_by_name("alice").await.unwrap().unwrap();
    let server = accounts.servers().await.unwrap().remove(0);
    let credentials = Credentials::Password {
        username: "bob".to_owned(),
        password: Secret::new("bob-pw"),
    };
    let linked = accounts.link_account(&Actor::Shell, alice.id, server.id, credentials, false);
    linked.await.unwrap();
    assert_eq!(apply(&accounts, &stale, false).await.unwrap(), []);
    let links = accounts.links(&Actor::Config, alice.id).await.unwrap();
    assert_eq!(links[0].username, "bob", "a link that is there stays");
});

both_databases!(the_last_administrator_stays_one, |db| async move {
    let (accounts, folder) = accounts(&db).await;
    apply(&accounts, &config(folder.path(), ROOT), false)
        .await
        .unwrap();
    let demoted = ROOT.replace("true", "false");
    let error = apply(&accounts, &config(folder.path(), &demoted), true)
        .await
        .unwrap_err();
    assert_eq!(error.problems[0].subject, "user root");
    let root = accounts.user_by_name("root").await.unwrap().unwrap();
    assert!(root.is_administrator);
    let second = demoted + "[[users]]\nname = \"zoe\"\npassword = \"p\"\nadministrator = true\n";
    let second = config(folder.path(), &second);
    let _ = apply(&accounts, &second, false).await;
    let changes = apply(&accounts, &second, false).await.unwrap();
    assert!(
        changes
            .iter()
            .all(|change| change.action == Action::Changed)
    );
    assert!(
        !accounts
            .user_by_name("root")
            .await
            .unwrap()
            .unwrap()
            .is_administrator
    );
});

both_databases!(
    wrong_credentials_are_told_and_the_rest_is_done,
    |db| async move {
        let demo = server("attic").await;
        let (accounts, folder) = accounts(&db).await;
        let text =
            attic(&demo.url()).replace("crawler-pw", "wrong") + ROOT + &shelf(&[("Films", 1)]);
        let error = apply(&accounts, &config(folder.path(), &text), true)
            .await
            .unwrap_err();
        assert_eq!(
            texts(&error.changes),
            ["added administrator root", "added merged library Shelf"]
        );
        let subjects: Vec<_> = error.problems.iter().map(|p| p.subject.as_str()).collect();
        assert_eq!(subjects, ["server attic", "merged library Shelf"]);
        assert!(!error.to_string().contains('\n'));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_is_wrong_and_makes_nothing() {
    let demo = server("attic").await;
    let folder = tempfile::tempdir().unwrap();
    let right = attic(&demo.url()) + &alice("alice-pw") + &shelf(&[("Films", 1)]);
    assert_eq!(check(&config(folder.path(), &right)).await, []);

    let wrong = attic(&demo.url())
        + "[[servers]]\nname = \"cellar\"\nurl = \"http://127.0.0.1:9\"\ntoken = \"t\"\n"
        + &alice("alice-pw").replace("\"attic\"", "\"atic\"")
        + &shelf(&[("Flims", 1)]);
    let findings = check(&config(folder.path(), &wrong)).await;
    let subjects: Vec<_> = findings.iter().map(|f| f.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["server cellar", "user alice", "merged library Shelf"]
    );

    let refused = attic(&demo.url()).replace("crawler-pw", "wrong");
    let findings = check(&config(folder.path(), &refused)).await;
    assert_eq!(findings[0].subject, "server attic");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the configuration itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_links_that_are_refused() {
    let demo = server("attic").await;
    let folder = tempfile::tempdir().unwrap();
    let text = attic(&demo.url()) + ROOT + &alice("alice-pw") + &shelf(&[("Films", 1)]);
    let config = config(folder.path(), &text);
    let db = Db::open(config.database_url.expose()).await.unwrap();
    db.migrate_up().await.unwrap();
    let (accounts, _key) = accounts(&db).await;
    apply(&accounts, &config, false).await.unwrap();
    assert_eq!(check(&config).await, []);

    let disabled = Access {
        disabled: true,
        ..Access::default()
    };
    demo.set_access("alice", disabled);
    let alice = accounts.user_by_name("alice").await.unwrap().unwrap();
    let links = accounts.links(&Actor::Config, alice.id).await.unwrap();
    accounts.check_link(links[0].id).await.unwrap();
    let findings = check(&config).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].subject, "link of alice to attic");
    assert!(
        findings[0].problem.contains("does not accept"),
        "{findings:?}"
    );
}
