//! Every route, asked by everybody. `routes.txt` says what each of them is answered; a route that is not
//! in it fails, and so does a line without a route.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::routes;
use super::world::{CALLERS, World, text};

const TABLE: &str = include_str!("routes.txt");
/// What an item is asked by in paths.
const ITEMS: [&str; 4] = ["{itemId}", "{id}", "{channelId}", "{programId}"];

type Expected = BTreeMap<(String, String), [u16; 4]>;

fn table() -> Expected {
    let lines = TABLE.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut table = Expected::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method, path, codes @ ..] = words.as_slice() else {
            panic!("`{line}` is no line of the table");
        };
        let codes: Vec<u16> = codes.iter().filter_map(|code| code.parse().ok()).collect();
        let codes = codes
            .try_into()
            .unwrap_or_else(|_| panic!("`{line}`: four codes"));
        let twice = table.insert(((*method).to_owned(), (*path).to_owned()), codes);
        assert!(twice.is_none(), "`{line}` stands twice");
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_in_the_table() {
    let app = crate::support::app::TestApp::on_sqlite().await;
    let routes = routes::of(&app.app.router());
    assert!(routes.len() > 200, "{}", routes.len());
    let table: BTreeSet<_> = table().into_keys().collect();
    let missing: Vec<_> = routes.difference(&table).collect();
    assert!(missing.is_empty(), "not in routes.txt: {missing:#?}");
    let gone: Vec<_> = table.difference(&routes).collect();
    assert!(gone.is_empty(), "no routes any more: {gone:#?}");
}

/// Routes that may be asked without a token. Whoever adds one says so on purpose.
const OPEN: [&str; 8] = [
    "/branding/",
    "/docs",
    "/getutctime",
    "/graphiql",
    "/health",
    "/quickconnect/",
    "/system/",
    "/ui/",
];
const OPEN_EXACTLY: [&str; 10] = [
    "/",
    "/graphql",
    "/graphql/stream",
    "/graphql/ws",
    "/socket",
    "/users/authenticatebyname",
    "/users/authenticatewithquickconnect",
    "/users/forgotpassword",
    "/users/forgotpassword/pin",
    "/users/public",
];

/// The table itself is held to what is meant: nobody gets in, and to a stranger no item exists.
#[test]
fn the_table_opens_nothing_by_mistake() {
    for ((method, path), [nobody, stranger, ann, _]) in table() {
        let what = format!("{method} {path}");
        let open = OPEN_EXACTLY.contains(&path.as_str())
            || OPEN.iter().any(|start| path.starts_with(start));
        // Pictures go by ids that cannot be guessed.
        let picture = path.contains("/images/{kind}") || path == "/userimage";
        assert!(
            open || picture || nobody == 401,
            "{what}: {nobody} to nobody"
        );
        let names_item = ITEMS.iter().any(|id| path.contains(id));
        if names_item && !picture && ann < 300 && !SAYS_NOTHING.contains(&path.as_str()) {
            assert!(
                [400, 403, 404].contains(&stranger),
                "{what}: {stranger} to a stranger"
            );
        }
    }
}

/// Routes that name an item and tell nothing of it: they answer alike whether there is one or not.
const SAYS_NOTHING: &[&str] = &[
    "/users/{id}/images/{kind}",
    "/playingitems/{itemId}",
    "/playingitems/{itemId}/progress",
    "/users/{userId}/playingitems/{itemId}",
    "/users/{userId}/playingitems/{itemId}/progress",
    "/channels/{channelId}/items",
    "/items/{itemId}/criticreviews",
];

/// What stands in the braces, by what the path is about.
struct Things {
    film: String,
    series: String,
    album: String,
    song: String,
    tag: String,
    person: String,
    genre: String,
    studio: String,
    artist: String,
    users: [String; 4],
    /// Words that only who sees the server may read.
    secrets: Vec<String>,
}

impl Things {
    async fn of(world: &World, tokens: &[String; 4]) -> Self {
        let films = world.items(&tokens[2], "Movie").await;
        let film = films
            .iter()
            .find(|film| film["ImageTags"]["Primary"].is_string() && film["People"][0].is_object())
            .expect("a film with a picture and people");
        let studio = films
            .iter()
            .map(|film| &film["Studios"][0])
            .find(|studio| studio.is_object());
        let first = async |kind: &str| text(&world.items(&tokens[2], kind).await[0], "Id");
        let mut users = [const { String::new() }; 4];
        for (at, token) in tokens.iter().enumerate().skip(1) {
            let me = world.get("/Users/Me", token).await.json();
            users[at] = text(&me, "Id");
        }
        users[0] = users[2].clone();
        let artists = world.get("/Artists", &tokens[2]).await.json();
        Self {
            film: text(film, "Id"),
            series: first("Series").await,
            album: first("MusicAlbum").await,
            song: first("Audio").await,
            tag: text(&film["ImageTags"], "Primary"),
            person: text(&film["People"][0], "Name"),
            genre: film["Genres"][0].as_str().expect("a genre").to_owned(),
            studio: text(studio.expect("a film with a studio"), "Name"),
            artist: text(&artists["Items"][0], "Name"),
            users,
            secrets: films.iter().map(|film| text(film, "Name")).collect(),
        }
    }

    /// The path with something in every brace.
    fn path(&self, path: &str, caller: usize) -> String {
        let family = path.split('/').nth(1).unwrap_or_default();
        let item = match family {
            "shows" => &self.series,
            "albums" => &self.album,
            "audio" | "songs" => &self.song,
            "users" if path.contains("{id}") => &self.users[caller],
            _ => &self.film,
        };
        let name = match family {
            "persons" => &self.person,
            "genres" => &self.genre,
            "studios" => &self.studio,
            "artists" => &self.artist,
            "years" => "1988",
            _ => "Rock",
        };
        let parts = path.split('/').map(|part| match part {
            "{itemId}" | "{id}" | "{channelId}" | "{programId}" | "{source}" => item.clone(),
            "{userId}" => self.users[caller].clone(),
            "{name}" => name.replace(' ', "%20"),
            "{taskId}" => "7738148ffcd07979c7ceb148e06b3aed".to_owned(),
            "{kind}" => "Primary".to_owned(),
            "{tag}" => self.tag.clone(),
            "{format}" => "jpg".to_owned(),
            "{width}" if path.contains("trickplay") => "320".to_owned(),
            "{width}" | "{height}" => "100".to_owned(),
            "{file}" if path.contains("/hls1/") => "0.ts".to_owned(),
            "{file}" if path.contains("/subtitles/") => "Stream.vtt".to_owned(),
            "{file}" if path.contains("/trickplay/") => "0.jpg".to_owned(),
            "{file}" => "stream".to_owned(),
            "{playlist}" => "main".to_owned(),
            "{index}" | "{start}" | "{percent}" | "{unplayed}" => "0".to_owned(),
            "{displayPreferencesId}" => "usersettings".to_owned(),
            "{*path}" => "schema".to_owned(),
            part if part.starts_with('{') => self.film.clone(),
            part => part.to_owned(),
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let query = match path.as_str() {
            "/displaypreferences/usersettings" => "?client=emby",
            "/search/hints" => "?searchTerm=a",
            "/playback/bitratetest" => "?size=100",
            "/videos/activeencodings" => "?deviceId=walk&playSessionId=none",
            _ if path.ends_with("/stream") => "?static=true",
            _ => "",
        };
        path + query
    }

    fn body(&self, method: &Method, path: &str) -> Option<Value> {
        if *method != Method::POST {
            return None;
        }
        Some(match path {
            "/graphql" | "/graphql/stream" => json!({ "query": "{ views { name } }" }),
            "/users/authenticatebyname" => json!({ "Username": "nobody", "Pw": "x" }),
            path if path.starts_with("/sessions/playing") => json!({ "ItemId": self.film }),
            _ => json!({}),
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_everybody_as_the_table_says() {
    let world = World::new().await;
    let mut tokens = world.tokens().await;
    let things = Things::of(&world, &tokens).await;
    let (mut lines, mut leaks) = (Vec::new(), Vec::new());
    let table = table();
    for (method, path) in routes::of(&world.app.app.router()) {
        let verb = match method.as_str() {
            "ANY" if path.starts_with("/graphql") => Method::POST,
            "ANY" => Method::GET,
            method => method.parse().expect("a method"),
        };
        let mut got = [0; 4];
        for caller in 0..CALLERS.len() {
            let asked = things.path(&path, caller);
            let body = things.body(&verb, &path);
            let answer = world.ask(verb.clone(), &asked, &tokens[caller], body).await;
            got[caller] = answer.status;
            let read = things
                .secrets
                .iter()
                .filter(|word| answer.text.contains(*word));
            for word in read.take(usize::from(caller < 2)) {
                leaks.push(format!(
                    "{method} {path} tells {} of {word}",
                    CALLERS[caller]
                ));
            }
            // Some routes end the session that asks.
            if verb != Method::GET && caller > 0 {
                let alive = world.get("/Users/Me", &tokens[caller]).await.status == 200;
                if !alive {
                    tokens[caller] = world.token_of(caller).await;
                }
            }
        }
        if table.get(&(method.clone(), path.clone())) != Some(&got) {
            let codes = got.map(|code| code.to_string()).join(" ");
            lines.push(format!("{method} {path} {codes}"));
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(
        lines.is_empty(),
        "other than routes.txt says:\n{}",
        lines.join("\n")
    );
}
