//! What the real web client 10.11.11 sent in a browser, sent to Manyfin in the same order: no status is
//! worse than the recorded one, and no field is missing.

use std::fmt::Write as _;

use manyfin::demo::{DemoServer, DemoSpec};
use serde::Deserialize;
use serde_json::Value;

use crate::differential::compare::{What, compare};
use crate::differential::mapping;
use crate::differential::replay::Replay;
use crate::support::app::TestApp;
use crate::support::recorded::{self, USERS};

/// One line of the session.
#[derive(Deserialize)]
struct Line {
    request: Option<recorded::Request>,
    response: Option<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    #[serde(default)]
    body: Option<Value>,
}

/// What is not told, where, and why that is right: a part of the path, and of the place in the answer.
const NOT_TOLD: &[(&str, &str)] = &[
    // The session began with what earlier ones had watched and chosen.
    ("", "UserData.PlayedPercentage"),
    ("", "UserData.LastPlayedDate"),
    ("", "CustomPrefs"),
    ("", "DefaultSubtitleStreamIndex"),
    // Genres, artists and people are names here, not folders with pictures and runtimes.
    ("/Genres", "Image"),
    ("/Artists", "RunTimeTicks"),
    // Rights are Manyfin's own.
    ("/Users", "Policy."),
];

both_gateways!(replayed, the_web_client_finds_what_it_found);

async fn the_web_client_finds_what_it_found(database: String) {
    let demo = DemoServer::start(DemoSpec::recorded(recorded::folder().join("server-0")))
        .await
        .expect("the recording");
    let app = TestApp::start(&database).await;
    let row = app.add_server(&demo, "Attic", ("admin", "admin")).await;
    for (user, password) in USERS {
        app.add_user(user, password, user == "admin", &[(row, (user, password))])
            .await;
    }
    let ids = mapping::ids(&app, 0, row).await;
    let mut replay = Replay::new(app.url.clone(), ids);

    let mut problems = String::new();
    let mut asked = 0;
    for line in recorded::text("web-session.jsonl.zst").lines() {
        let line: Line = serde_json::from_str(line).expect("a line of the session");
        let (Some(request), Some(recorded)) = (line.request, line.response) else {
            continue;
        };
        asked += 1;
        let ours = replay.send_as_is(&request, recorded.body.as_ref()).await;
        let name = format!("{} {}", request.method, request.path);
        if ours.status != recorded.status && ours.status >= 400 {
            writeln!(
                problems,
                "{name}: {} became {}",
                recorded.status, ours.status
            )
            .unwrap();
            continue;
        }
        let (Some(body), Some(answer)) = (&recorded.body, &ours.body) else {
            continue;
        };
        for difference in compare(body, answer) {
            let lost = matches!(difference.what, What::Missing(_) | What::Type { .. });
            let meant = NOT_TOLD
                .iter()
                .any(|(path, at)| request.path.contains(path) && difference.at.contains(at));
            if lost && !meant {
                writeln!(problems, "{name}: {} {}", difference.at, difference.what).unwrap();
            }
        }
    }
    assert!(asked > 150, "only {asked} requests");
    assert!(problems.is_empty(), "{problems}");
}
