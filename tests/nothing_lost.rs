//! Nothing watched is lost: servers go down and up, and the real process is killed, while a thousand
//! reports come in.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manyfin::demo::{DemoServer, DemoSpec};
use manyfin::model::{ItemKind, UpstreamId};
use serde_json::{Value, json};

use crate::support::gateway::{ALICE, on_postgres};
use crate::support::program;

const FILMS: usize = 53;
const REPORTS: usize = 1000;
/// Before which reports the process is killed.
const KILLS: [usize; 5] = [110, 310, 505, 720, 990];
/// Ticks a minute.
const MINUTE: i64 = 600_000_000;
/// Films that are played bit by bit; of the others some are marked as played, some as favourites.
const PLAYED_ON: usize = 30;

/// Played, position, favourite.
type State = (bool, i64, bool);

/// `manyfin serve`, killed when it is dropped.
struct Process {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    fn start(folder: &Path, port: u16) -> Self {
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let child = program::manyfin()
            .args(["serve", "--config", "manyfin.toml", "--bind"])
            .arg(format!("127.0.0.1:{port}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self {
            child,
            folder: folder.to_owned(),
            port,
        }
    }

    /// SIGKILL: no time to say good-bye.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn restart(&mut self) {
        self.kill();
        *self = Self::start(&self.folder.clone(), self.port);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("an address").port()
}

fn configuration(database: &str, sources: &[DemoServer]) -> String {
    let mut text = format!("database_url = \"{database}\"\ndiscovery = false\n");
    for source in sources {
        text += &format!(
            "[[servers]]\nname = \"{}\"\nurl = \"{}\"\nusername = \"crawler\"\n\
             password = \"crawler-pw\"\n",
            source.name(),
            source.url()
        );
    }
    let each = |line: &dyn Fn(&str) -> String| {
        let lines: Vec<String> = sources.iter().map(|source| line(source.name())).collect();
        lines.join(", ")
    };
    let links = each(&|name| {
        format!("{{ server = \"{name}\", username = \"{ALICE}\", password = \"alice-pw\" }}")
    });
    let parts = each(&|name| format!("{{ server = \"{name}\", library = \"Films\" }}"));
    text + &format!(
        "[[users]]\nname = \"root\"\npassword = \"root\"\nadministrator = true\n\
         [[users]]\nname = \"ann\"\npassword = \"ann\"\nlinks = [{links}]\n\
         [[merged_libraries]]\nname = \"Films\"\ncollection_type = \"movies\"\n\
         sources = [{parts}]\n"
    )
}

/// A player that repeats what was not acknowledged.
struct Player {
    http: reqwest::Client,
    url: String,
    authorization: String,
}

impl Player {
    async fn sign_in(url: &str) -> Self {
        let device = "MediaBrowser Client=\"T\", Device=\"T\", DeviceId=\"t\", Version=\"1\"";
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        for _ in 0..600 {
            let wish = http
                .post(format!("{url}/Users/AuthenticateByName"))
                .header("Authorization", device)
                .json(&json!({ "Username": "ann", "Pw": "ann" }));
            if let Ok(answer) = wish.send().await
                && answer.status().is_success()
            {
                let body: Value = answer.json().await.expect("JSON");
                let token = body["AccessToken"].as_str().expect("a token");
                return Self {
                    url: url.to_owned(),
                    authorization: format!("{device}, Token=\"{token}\""),
                    http,
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nobody could sign in");
    }

    /// Until it is acknowledged.
    async fn tell(&self, method: reqwest::Method, path: &str, body: &Value) {
        for _ in 0..600 {
            let request = self
                .http
                .request(method.clone(), format!("{}{path}", self.url))
                .header("Authorization", &self.authorization)
                .json(body);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => assert!(answer.status().is_server_error(), "{path}: {answer:?}"),
                // Killed in the middle, or not there yet.
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} was never acknowledged");
    }

    async fn films(&self) -> Vec<(String, String)> {
        let path = "/Items?recursive=true&includeItemTypes=Movie&sortBy=SortName";
        for _ in 0..600 {
            let request = self.http.get(format!("{}{path}", self.url));
            let request = request.header("Authorization", &self.authorization);
            if let Ok(answer) = request.send().await
                && let Ok(body) = answer.json::<Value>().await
                && let Some(items) = body["Items"].as_array()
                && items.len() == FILMS
                && items.iter().all(|item| !item["Name"].is_null())
            {
                let text =
                    |item: &Value, field: &str| item[field].as_str().expect("a text").to_owned();
                let films = items
                    .iter()
                    .map(|film| (text(film, "Id"), text(film, "Name")));
                return films.collect();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the films were not found");
    }
}

/// A film here and its copies.
struct Film {
    id: String,
    copies: Vec<UpstreamId>,
}

fn data(source: &DemoServer, id: UpstreamId) -> State {
    source.user_data(ALICE, id).expect("alice is there")
}

/// Watches that no position on a server goes back.
fn watch_positions(
    sources: Arc<Vec<DemoServer>>,
    films: Arc<Vec<Film>>,
    stop: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
) -> std::thread::JoinHandle<Vec<String>> {
    std::thread::spawn(move || {
        let mut known = vec![vec![0; sources.len()]; PLAYED_ON];
        let mut back = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            for (number, known) in known.iter_mut().enumerate() {
                for (at, source) in sources.iter().enumerate() {
                    let (_, position, _) = data(source, films[number].copies[at]);
                    if position < known[at] {
                        let server = source.name();
                        back.push(format!(
                            "film {number} on {server}: {} -> {position}",
                            known[at]
                        ));
                    }
                    known[at] = position;
                }
            }
            looks.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
        back
    })
}

async fn a_thousand_reports(database: String) {
    let mut sources = Vec::new();
    for name in ["Attic", "Basement", "Cottage"] {
        let source = DemoServer::start(DemoSpec::films(name, FILMS, 0)).await;
        sources.push(source.expect("a source starts"));
    }
    let sources = Arc::new(sources);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let text = configuration(&database, &sources);
    std::fs::write(folder.path().join("manyfin.toml"), text).expect("a file can be written");
    let port = free_port();
    let mut process = Process::start(folder.path(), port);
    let player = Player::sign_in(&format!("http://127.0.0.1:{port}")).await;

    let copy = |source: &DemoServer, name: &str| {
        let mut films = source.items(ItemKind::Movie).into_iter();
        let found = films.find(|id| source.item_name(*id).as_deref() == Some(name));
        found.expect("every source has it")
    };
    let films: Vec<Film> = player
        .films()
        .await
        .into_iter()
        .map(|(id, name)| Film {
            id,
            copies: sources.iter().map(|source| copy(source, &name)).collect(),
        })
        .collect();
    let films = Arc::new(films);
    let (stop, looks) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let watching = watch_positions(sources.clone(), films.clone(), stop.clone(), looks.clone());

    let expected = Mutex::new(vec![(false, 0, false); FILMS]);
    let mut kills = 0;
    for report in 0..REPORTS {
        if report % 50 == 0 {
            // One of them goes, the one before it comes back.
            let turn = report / 50;
            let (goes, comes) = (&sources[turn % 3], &sources[(turn + 2) % 3]);
            comes.set_available(true).await.expect("it starts");
            goes.set_available(false).await.expect("it stops");
        }
        if KILLS.contains(&report) {
            process.restart();
            kills += 1;
        }
        let number = match report % 5 {
            part @ 0..3 => (report / 5 * 3 + part) % PLAYED_ON,
            _ => PLAYED_ON + report / 5 % (FILMS - PLAYED_ON),
        };
        let film = &films[number];
        let mut next: State = expected.lock().expect("not poisoned")[number];
        match report % 5 {
            0..3 => {
                next.1 = next.1.max(10 * MINUTE) + MINUTE / 10;
                let at = json!({ "ItemId": film.id, "PositionTicks": next.1 });
                let path = "/Sessions/Playing/Progress";
                player.tell(reqwest::Method::POST, path, &at).await;
            }
            kind => {
                let (path, flag) = match kind {
                    3 => ("UserPlayedItems", &mut next.0),
                    _ => ("UserFavoriteItems", &mut next.2),
                };
                *flag = !*flag;
                let method = if *flag {
                    reqwest::Method::POST
                } else {
                    reqwest::Method::DELETE
                };
                player
                    .tell(method, &format!("/{path}/{}", film.id), &json!({}))
                    .await;
            }
        }
        expected.lock().expect("not poisoned")[number] = next;
    }
    assert_eq!(kills, KILLS.len());
    for source in sources.iter() {
        source.set_available(true).await.expect("it starts");
    }

    let expected = expected.into_inner().expect("not poisoned");
    let missing = || {
        let mut missing = Vec::new();
        for (number, (film, state)) in films.iter().zip(&expected).enumerate() {
            for (source, id) in sources.iter().zip(&film.copies) {
                let there = data(source, *id);
                if there != *state {
                    missing.push(format!(
                        "film {number} on {}: {there:?}, not {state:?}",
                        source.name()
                    ));
                }
            }
        }
        missing
    };
    for _ in 0..1800 {
        if missing().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let back = watching.join().expect("it watched");
    let left = missing();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    assert!(
        left.is_empty(),
        "{} of {} lost: {left:#?}\n{log}",
        left.len(),
        FILMS * 3
    );
    assert!(back.is_empty(), "went back: {back:#?}");
    assert!(looks.load(Ordering::Relaxed) > 10, "nobody looked");
    let told = expected
        .iter()
        .filter(|state| **state != (false, 0, false))
        .count();
    assert!(told > FILMS / 2, "only {told} films were told of");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_and_five_kills_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    a_thousand_reports(format!("sqlite://{}/test.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_and_five_kills_on_postgres() {
    on_postgres(a_thousand_reports).await;
}
