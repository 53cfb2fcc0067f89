//! One recorded server behind Manyfin answers as the recorded server did.
//!
//! Every recorded request is sent to Manyfin with its ids, and what comes back is compared field by
//! field. The differences that are meant stand in `tests/fixtures/differences.toml`.

mod allowed;
pub mod compare;
mod ids;
pub mod mapping;
pub mod replay;

use std::collections::BTreeSet;

use allowed::Allowed;
use chrono::{SecondsFormat, Utc};
use manyfin::demo::{DemoServer, DemoSpec};
use manyfin::model::ServerKey;

use crate::support::app::TestApp;
use crate::support::postgres;
use crate::support::recorded::{self, Exchange, Step, USERS};
use replay::{Replay, Report};

/// A recorded server behind a gateway whose users are linked to those of the same name.
struct Stage {
    demo: DemoServer,
    app: TestApp,
    server: usize,
    row: i64,
    replay: Replay,
}

impl Stage {
    async fn set(server: usize, database: &str) -> Self {
        let folder = recorded::folder().join(format!("server-{server}"));
        let demo = DemoServer::start(DemoSpec::recorded(folder))
            .await
            .expect("the recording");
        let app = TestApp::start(database).await;
        let name = demo.name().to_owned();
        let row = app.add_server(&demo, &name, ("admin", "admin")).await;
        for (user, password) in USERS {
            let link = (row, (user, password));
            app.add_user(user, password, user == "admin", &[link]).await;
        }
        let ids = mapping::ids(&app, server, row).await;
        let replay = Replay::new(app.url.clone(), ids);
        Self {
            demo,
            app,
            server,
            row,
            replay,
        }
    }

    async fn key(&self) -> ServerKey {
        let servers = self.app.app.accounts.servers().await.expect("the servers");
        let row = servers
            .iter()
            .find(|row| row.id == self.row)
            .expect("the server");
        row.server_key.parse().expect("a key")
    }

    async fn sign_in(&mut self, family: &str) {
        for (user, password) in USERS {
            self.replay.sign_in(user, password).await;
        }
        // The recording names tokens in URLs and headers of its own.
        for token in tokens(self.server, family) {
            let ours = self.replay.token("alice").to_owned();
            self.replay.ids.insert(&token, &ours);
        }
    }

    async fn play(&mut self, family: &str, report: &mut Report, allowed: &[Allowed]) {
        self.sign_in(family).await;
        let mut since = None;
        for step in recorded::family(self.server, family) {
            match step {
                Step::Folder(_) => {
                    since = Some(Utc::now());
                    assert!(self.demo.apply_recorded_edit() && self.demo.apply_recorded_scan());
                    self.app.crawl(self.row).await;
                    let key = self.key().await;
                    mapping::add_items(&mut self.replay.ids, &self.app, self.row, key, self.server);
                }
                // Edits go to the server itself, by its administrator.
                Step::Exchange(exchange) if exchange.name.starts_with("metadata edited") => {}
                Step::Exchange(mut exchange) => {
                    if let Some(since) = since {
                        moved_in_time(
                            &mut exchange,
                            &since.to_rfc3339_opts(SecondsFormat::Millis, true),
                        );
                    }
                    let found = self.replay.exchange(&exchange).await;
                    report.add(&exchange, found, allowed);
                }
            }
        }
    }
}

/// `minDateLastSaved=…` names the moment before the change: ours is another.
fn moved_in_time(exchange: &mut Exchange, since: &str) {
    let path = &mut exchange.request.path;
    if let Some(at) = path.find("minDateLastSaved") {
        let start = at + path[at..].find('=').expect("a value") + 1;
        let end = path[start..]
            .find('&')
            .map_or(path.len(), |end| start + end);
        path.replace_range(start..end, &since.replace(':', "%3A"));
    }
}

/// The tokens that stand in requests; all are alice's.
fn tokens(server: usize, family: &str) -> Vec<String> {
    let mut found = Vec::new();
    for exchange in recorded::exchanges(server, family) {
        let headers = exchange
            .request
            .headers
            .values()
            .filter_map(|value| value.as_str());
        let texts = headers.chain([exchange.request.path.as_str()]);
        let marks = [
            "Token=\"", "Token=", "Token: ", "ApiKey=", "api_key=", "apikey=",
        ];
        let token = texts.into_iter().find_map(|text| {
            marks.iter().find_map(|mark| {
                let start = text.find(mark)? + mark.len();
                text.get(start..start + 32).map(str::to_owned)
            })
        });
        let bare = exchange
            .request
            .headers
            .values()
            .filter_map(|value| value.as_str());
        let token = token.or_else(|| {
            bare.map(|text| text.trim_start_matches("Bearer "))
                .find(|text| compare::is_id(text))
                .map(str::to_owned)
        });
        if let Some(token) =
            token.filter(|token| compare::is_id(token) && !token.starts_with("0000"))
        {
            found.push(token);
        }
    }
    found
}

const FAMILIES: [&str; 8] = [
    "system", "auth", "views", "lists", "details", "shows", "images", "playback",
];

async fn compare_server(server: usize, databases: [&str; 2], allowed: &[Allowed]) -> Report {
    let mut report = Report::default();
    let mut stage = Stage::set(server, databases[0]).await;
    for family in FAMILIES {
        stage.play(family, &mut report, allowed).await;
    }
    // What is watched and what changes begins from the state that was recorded.
    let mut stage = Stage::set(server, databases[1]).await;
    for family in ["watch", "delta"] {
        stage.play(family, &mut report, allowed).await;
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let database = |at: usize| format!("sqlite://{}/{at}.db", folder.path().display());
    the_recorded_servers(std::array::from_fn(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let mut databases = Vec::new();
    for _ in 0..6 {
        databases.push(postgres::create_database().await);
    }
    let databases: [String; 6] = databases.try_into().expect("six");
    the_recorded_servers(databases.clone()).await;
    for database in databases {
        postgres::drop_database(&database).await;
    }
}

/// All three in one test, so that it can tell which of the differences that are meant are there no more.
async fn the_recorded_servers(databases: [String; 6]) {
    let allowed = allowed::list();
    let [a, b, c, d, e, f] = databases.each_ref().map(String::as_str);
    let (attic, basement, cottage) = tokio::join!(
        compare_server(0, [a, b], &allowed),
        compare_server(1, [c, d], &allowed),
        compare_server(2, [e, f], &allowed)
    );
    let reports = [
        ("attic", attic),
        ("basement", basement),
        ("cottage", cottage),
    ];
    let mut failed = 0;
    for (name, report) in &reports {
        println!("--- {name}\n{}", report.text());
        failed += report.failed();
    }
    assert_eq!(failed, 0, "requests answered otherwise than recorded");

    let used: BTreeSet<usize> = reports
        .iter()
        .flat_map(|(_, report)| report.used())
        .collect();
    let unused = allowed
        .iter()
        .enumerate()
        .filter(|(entry, _)| !used.contains(entry));
    let unused: Vec<&str> = unused.map(|(_, entry)| entry.why.as_str()).collect();
    assert!(
        unused.is_empty(),
        "no longer different, strike from the list: {unused:?}"
    );
}
