use futures::StreamExt;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::media::parse_range;
use super::*;
use crate::model::{ItemKind, UpstreamId};

const WHO: &str = "MediaBrowser Client=\"Test\", Device=\"Test\", DeviceId=\"test\", Version=\"1\"";

struct Visitor<'s> {
    server: &'s DemoServer,
    token: String,
}

async fn sign_in<'s>(server: &'s DemoServer, name: &str) -> Visitor<'s> {
    let response = Client::new()
        .post(format!("{}/Users/AuthenticateByName", server.url()))
        .header(
            "Authorization",
            WHO.replace("\"test\"", &format!("\"test-{name}\"")),
        )
        .json(&json!({ "Username": name, "Pw": format!("{name}-pw") }))
        .send()
        .await
        .expect("the server answers");
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = response.json().await.expect("JSON");
    let token = body["AccessToken"].as_str().expect("a token").to_owned();
    Visitor { server, token }
}

impl Visitor<'_> {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new()
            .request(method, format!("{}{path}", self.server.url()))
            .header("Authorization", format!("{WHO}, Token=\"{}\"", self.token))
    }
    async fn get(&self, path: &str) -> Value {
        let response = self.ask(Method::GET, path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }
}

async fn films(count: usize) -> DemoServer {
    DemoServer::start(DemoSpec::films("Attic", count, 0))
        .await
        .expect("a port is free")
}

#[tokio::test]
async fn only_the_current_forms_of_a_token_are_taken() {
    let server = films(3).await;
    let alice = sign_in(&server, "alice").await;
    let status = async |request: RequestBuilder| request.send().await.expect("an answer").status();
    let me = format!("{}/Users/Me", server.url());
    let plain = Client::new();
    assert_eq!(status(alice.ask(Method::GET, "/users/me")).await, 200);
    let by_query = format!("{me}?apikey={}", alice.token);
    assert_eq!(status(plain.get(by_query)).await, 200);
    let legacy = format!("{me}?api_key={}", alice.token);
    assert_eq!(status(plain.get(legacy)).await, 401);
    let header = plain.get(&me).header("X-Emby-Token", &alice.token);
    assert_eq!(status(header).await, 401);
    assert_eq!(status(plain.get(&me)).await, 401);
}

#[tokio::test]
async fn a_new_sign_in_on_a_device_ends_the_earlier_one() {
    let server = films(1).await;
    let first = sign_in(&server, "alice").await;
    let second = sign_in(&server, "alice").await;
    let old = first
        .ask(Method::GET, "/Users/Me")
        .send()
        .await
        .expect("an answer");
    assert_eq!(old.status(), 401);
    second.get("/Users/Me").await;
}

#[tokio::test]
async fn pages_give_every_film_once() {
    let server = films(57).await;
    let alice = sign_in(&server, "alice").await;
    let mut names = Vec::new();
    for start in (0..60).step_by(10) {
        let page = alice
            .get(&format!(
                "/Items?recursive=true&includeItemTypes=Movie&sortBy=DateCreated,SortName\
                 &startIndex={start}&limit=10&fields=ProviderIds"
            ))
            .await;
        assert_eq!(page["TotalRecordCount"], 57);
        for item in page["Items"].as_array().expect("items") {
            assert!(item["ProviderIds"]["Tmdb"].is_string());
            assert!(item.get("Overview").is_none());
            names.push(item["Name"].as_str().expect("a name").to_owned());
        }
    }
    assert_eq!(names.len(), 57);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 57);
}

#[tokio::test]
async fn bob_sees_no_more_than_he_may() {
    let server = films(20).await;
    let alice = sign_in(&server, "alice").await;
    let bob = sign_in(&server, "bob").await;
    let all = alice.get("/Items?recursive=true&fields=Overview").await;
    let some = bob.get("/Items?recursive=true").await;
    assert_eq!(all["TotalRecordCount"], 20);
    let hidden: Vec<&Value> = all["Items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|item| item["OfficialRating"] == "R" || item["OfficialRating"] == "NC-17")
        .collect();
    assert!(!hidden.is_empty());
    assert_eq!(some["TotalRecordCount"], 20 - hidden.len());
    let path = format!("/Items/{}", hidden[0]["Id"].as_str().expect("an id"));
    let refused = bob.ask(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(refused.status(), 404);
}

#[tokio::test]
async fn a_position_is_kept_between_the_thresholds() {
    let server = films(1).await;
    let alice = sign_in(&server, "alice").await;
    let film = server.items(ItemKind::Movie)[0];
    let runtime = alice.get(&format!("/Items/{film}")).await["RunTimeTicks"]
        .as_i64()
        .expect("a runtime");
    for (part, played, position) in [(2, false, 0), (50, false, runtime / 2), (95, true, 0)] {
        let body = json!({ "ItemId": film.to_string(), "PositionTicks": runtime * part / 100 });
        let report = alice
            .ask(Method::POST, "/Sessions/Playing/Stopped")
            .json(&body);
        assert_eq!(report.send().await.expect("an answer").status(), 204);
        let data = server.user_data("alice", film).expect("alice");
        assert_eq!(data, (played, position, false), "{part} %");
    }
    assert_eq!(server.user_data("bob", film), Some((false, 0, false)));
}

#[tokio::test]
async fn bytes_are_those_that_the_source_tells() {
    let server = films(2).await;
    let alice = sign_in(&server, "alice").await;
    let film = server.items(ItemKind::Movie)[0];
    let size = alice.get(&format!("/Items/{film}")).await["MediaSources"][0]["Size"]
        .as_u64()
        .expect("a size");
    let url = format!("{}/Videos/{film}/stream.mp4?static=true", server.url());
    let whole = Client::new().head(&url).send().await.expect("an answer");
    assert_eq!(whole.headers()["content-length"], size.to_string().as_str());
    let middle = size / 2;
    let part = Client::new()
        .get(&url)
        .header("Range", format!("bytes={middle}-{}", middle + 999_999))
        .send()
        .await
        .expect("an answer");
    assert_eq!(part.status(), 206);
    let part = part.bytes().await.expect("bytes");
    assert_eq!(part.len(), 1_000_000);
    let other = Client::new()
        .get(&url)
        .header("Range", format!("bytes={}-{}", middle + 500, middle + 599))
        .send()
        .await
        .expect("an answer");
    assert_eq!(other.bytes().await.expect("bytes"), part.slice(500..600));
    let past = Client::new()
        .get(&url)
        .header("Range", format!("bytes={size}-"));
    assert_eq!(past.send().await.expect("an answer").status(), 416);
}

#[test]
fn ranges_are_read_as_upstream_reads_them() {
    assert_eq!(parse_range("bytes=0-9", 100), Some(Ok((0, 10))));
    assert_eq!(parse_range("bytes=90-", 100), Some(Ok((90, 100))));
    assert_eq!(parse_range("bytes=-5", 100), Some(Ok((95, 100))));
    assert_eq!(parse_range("bytes=0-9,20-29", 100), None);
    assert!(matches!(parse_range("bytes=100-", 100), Some(Err(_))));
}

#[tokio::test]
async fn a_server_that_is_away_refuses_and_comes_back_with_its_tokens() {
    let server = films(1).await;
    let alice = sign_in(&server, "alice").await;
    server.set_available(false).await.expect("stopping works");
    assert!(alice.ask(Method::GET, "/Users/Me").send().await.is_err());
    server.set_available(true).await.expect("the port is free");
    alice.get("/Users/Me").await;
}

#[tokio::test]
async fn faults_spoil_answers_until_they_are_lifted() {
    let server = films(1).await;
    let alice = sign_in(&server, "alice").await;
    let answer = async || alice.ask(Method::GET, "/Items?recursive=true").send().await;
    server.set_fault(Some(Fault::Status500));
    assert_eq!(answer().await.expect("an answer").status(), 500);
    server.set_fault(Some(Fault::Unauthorized));
    assert_eq!(answer().await.expect("an answer").status(), 401);
    server.set_fault(Some(Fault::TruncatedJson));
    assert!(
        answer()
            .await
            .expect("an answer")
            .json::<Value>()
            .await
            .is_err()
    );
    server.set_fault(Some(Fault::WrongTypes));
    let twisted: Value = answer()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert!(twisted["Items"].is_object());
    server.set_fault(None);
    assert_eq!(
        alice.get("/Items?recursive=true").await["TotalRecordCount"],
        1
    );
}

#[tokio::test]
async fn requests_are_noted_without_tokens() {
    let server = films(1).await;
    let alice = sign_in(&server, "alice").await;
    server.clear_seen();
    let url = format!("{}/Items?ApiKey={}&limit=1", server.url(), alice.token);
    Client::new().get(url).send().await.expect("an answer");
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].path.as_str(), seen[0].query.as_str()),
        ("/Items", "limit=1")
    );
    assert_eq!(seen[0].user.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_change_is_told_on_the_socket_and_found_since() {
    let server = films(5).await;
    let alice = sign_in(&server, "alice").await;
    let url = server.url().replace("http", "ws");
    let (mut socket, _) =
        tokio_tungstenite::connect_async(format!("{url}/socket?ApiKey={}", alice.token))
            .await
            .expect("a socket");
    let mut next = async || loop {
        let text = socket.next().await.expect("open").expect("a message");
        let body: Value = serde_json::from_str(text.to_text().expect("text")).expect("JSON");
        if body["MessageType"] != "ForceKeepAlive" {
            break body;
        }
    };
    let before = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let film = server.items(ItemKind::Movie)[2];
    assert!(server.rename_item(film, "Another Name"));
    let told = next().await;
    assert_eq!(told["MessageType"], "LibraryChanged");
    assert_eq!(told["Data"]["ItemsUpdated"], json!([film.to_string()]));
    let changed = alice
        .get(&format!("/Items?recursive=true&minDateLastSaved={before}"))
        .await;
    assert_eq!(changed["TotalRecordCount"], 1);
    assert_eq!(changed["Items"][0]["Name"], "Another Name");

    let change = UserDataChange {
        favorite: Some(true),
        ..UserDataChange::default()
    };
    assert!(server.set_user_data("alice", film, &change));
    let told = next().await;
    assert_eq!(told["MessageType"], "UserDataChanged");
    assert_eq!(told["Data"]["UserDataList"][0]["IsFavorite"], true);
    socket.close(None).await.expect("closing");
}

#[tokio::test]
async fn a_hundred_thousand_films_are_there_at_once() {
    let server = films(100_000).await;
    let alice = sign_in(&server, "alice").await;
    let page = alice
        .get("/Items?recursive=true&includeItemTypes=Movie&sortBy=SortName&startIndex=99990&limit=20")
        .await;
    assert_eq!(page["TotalRecordCount"], 100_000);
    assert_eq!(page["Items"].as_array().map(Vec::len), Some(10));
}

async fn shelf(number: usize) -> DemoServer {
    let mut specs = demo_sources(3, 60);
    let mut spec = specs.swap_remove(number);
    spec.delay = std::time::Duration::ZERO;
    DemoServer::start(spec).await.expect("a port is free")
}

#[tokio::test]
async fn a_curated_shelf_has_films_series_music_and_a_set() {
    for number in 0..3 {
        let server = shelf(number).await;
        let crawler = sign_in(&server, "crawler").await;
        for (kind, least) in [
            ("Movie", 30),
            ("Series", 4),
            ("Season", 5),
            ("Episode", 30),
            ("MusicAlbum", 3),
            ("Audio", 12),
            ("BoxSet", 1),
        ] {
            let list = crawler
                .get(&format!(
                    "/Items?recursive=true&includeItemTypes={kind}&limit=0"
                ))
                .await;
            let total = list["TotalRecordCount"].as_u64().expect("a total");
            assert!(total >= least, "{kind} on {number}: {total}");
        }
        let set = server.items(ItemKind::BoxSet)[0];
        let members = crawler.get(&format!("/Items?parentId={set}")).await;
        assert!(members["TotalRecordCount"].as_u64() > Some(0));
        assert_eq!(
            crawler
                .get("/Library/VirtualFolders")
                .await
                .as_array()
                .map(Vec::len),
            Some(4)
        );
        let views = crawler.get("/UserViews").await;
        for view in views["Items"].as_array().expect("views") {
            let id = view["Id"].as_str().expect("an id");
            let below = crawler.get(&format!("/Items?parentId={id}")).await;
            assert!(
                below["TotalRecordCount"].as_u64() > Some(0),
                "{}",
                view["Name"]
            );
        }
    }
}

#[tokio::test]
async fn shelves_differ_in_names_and_ids_as_they_should() {
    let (attic, cottage) = (shelf(0).await, shelf(2).await);
    let find = async |server: &DemoServer, name: &str| {
        let visitor = sign_in(server, "crawler").await;
        let path = "/Items?recursive=true&includeItemTypes=Movie&fields=ProviderIds,MediaSources";
        let all = visitor.get(path).await;
        let list = all["Items"].as_array().expect("items").clone();
        list.into_iter()
            .find(|item| item["Name"] == name)
            .expect("that film")
    };
    assert_eq!(
        find(&attic, "Nosferatu").await["ProviderIds"]["Tmdb"],
        "653"
    );
    assert_eq!(find(&cottage, "Nosferatu").await["ProviderIds"], json!({}));
    let sources = find(&attic, "Nosferatu").await["MediaSources"].clone();
    assert_eq!(sources.as_array().map(Vec::len), Some(2));
    find(&cottage, "Sunrise: A Song of Two Humans").await;
}

#[tokio::test]
async fn a_device_plays_directly_or_by_hls() {
    let server = shelf(0).await;
    let alice = sign_in(&server, "alice").await;
    let films = server.items(ItemKind::Movie);
    let is_nosferatu = |id: &UpstreamId| server.item_name(*id).as_deref() == Some("Nosferatu");
    let film = films.into_iter().find(is_nosferatu).expect("that film");
    let path = format!("/Items/{film}/PlaybackInfo");
    let ask = async |container: &str| {
        let profile = json!({ "DeviceProfile": {
            "DirectPlayProfiles": [{ "Type": "Video", "Container": container }],
            "TranscodingProfiles": [{ "Type": "Video", "Container": "mp4", "Protocol": "hls",
                "AudioCodec": "aac", "VideoCodec": "h264" }],
            "SubtitleProfiles": [{ "Format": "vtt", "Method": "External" }] } });
        let answer = alice.ask(Method::POST, &path).json(&profile).send().await;
        answer
            .expect("an answer")
            .json::<Value>()
            .await
            .expect("JSON")["MediaSources"][0]
            .clone()
    };
    assert_eq!(ask("mp4,m4v").await["SupportsDirectPlay"], true);
    let source = ask("webm").await;
    assert_eq!(source["SupportsDirectPlay"], false);
    let fetch = async |path: &str| {
        let url = format!("{}{path}", server.url());
        let response = Client::new().get(url).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.expect("bytes")
    };
    let url = source["TranscodingUrl"].as_str().expect("an address");
    let folder = url.split("master").next().expect("a folder");
    let line = |playlist: &[u8]| {
        let text = String::from_utf8_lossy(playlist).into_owned();
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.next().expect("an entry").to_owned()
    };
    let main = fetch(&format!("{folder}{}", line(&fetch(url).await))).await;
    assert!(String::from_utf8_lossy(&main).contains(&alice.token));
    let segment = fetch(&format!("{folder}{}", line(&main))).await;
    assert_eq!(&segment[4..8], b"moof");
    let streams = source["MediaStreams"].as_array().expect("streams");
    let subtitle = streams
        .iter()
        .find(|stream| stream["Type"] == "Subtitle")
        .expect("one");
    let vtt = fetch(subtitle["DeliveryUrl"].as_str().expect("an address")).await;
    assert!(vtt.starts_with(b"WEBVTT"));
}

#[tokio::test]
async fn pictures_are_drawn_in_the_size_asked_for() {
    let server = shelf(0).await;
    let film = server.items(ItemKind::Movie)[0];
    let url = format!("{}/Items/{film}/Images", server.url());
    let get = async |rest: &str| {
        Client::new()
            .get(format!("{url}/{rest}"))
            .send()
            .await
            .expect("an answer")
    };
    let small = get("Primary?maxWidth=120&tag=x").await;
    assert_eq!(small.headers()["content-type"], "image/jpeg");
    assert!(small.headers().contains_key("etag"));
    let bytes = small.bytes().await.expect("bytes");
    let picture = image::load_from_memory(&bytes).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (120, 180));
    assert_eq!(get("Backdrop/0?maxWidth=160").await.status(), 200);
    assert_eq!(get("Backdrop/1").await.status(), 404);
    assert_eq!(get("Logo").await.status(), 404);
    assert_eq!(get("Nonsense").await.status(), 400);
}
