//! One request in the many forms in which apps write it: each gets the same answer.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, sources};

/// `32 hex digits` as 8-4-4-4-12.
fn dashed(id: &str) -> String {
    let id: manyfin::model::PublicId = id.parse().expect("an id");
    id.dashed()
}

struct Stage {
    gateway: Gateway,
    ann: Client,
    token: String,
    user: String,
    films: Vec<String>,
    _sources: Vec<manyfin::demo::DemoServer>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = format!("sqlite://{}/test.db", folder.path().display());
        let sources = sources(1, 6).await;
        let gateway = Gateway::over(&database, &sources).await;
        let ann = gateway.sign_in("ann").await;
        let token = ann.authorization.split("Token=\"").nth(1);
        let token = token.expect("a token").trim_end_matches('"').to_owned();
        let me = ann.get("/Users/Me").await;
        let all = ann
            .get("/Items?recursive=true&includeItemTypes=Movie")
            .await;
        let films = all["Items"].as_array().expect("films").iter();
        let films = films.map(|film| film["Id"].as_str().expect("an id").to_owned());
        Self {
            films: films.collect(),
            user: me["Id"].as_str().expect("an id").to_owned(),
            token,
            ann,
            gateway,
            _sources: sources,
            _folder: folder,
        }
    }

    async fn same(&self, first: &str, others: &[String]) {
        let expected = self.ann.get(first).await;
        for path in others {
            let (status, answer) = self.ann.ask(Method::GET, path, None).await;
            assert_eq!(status, 200, "{path}: {answer}");
            assert_eq!(answer, expected, "{path}");
        }
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_ids_in_every_form() {
    let stage = Stage::set().await;
    let (film, user) = (&stage.films[0], &stage.user);
    let list = "recursive=true&includeItemTypes=Movie&sortBy=SortName&enableUserData=false";
    for (path, legacy) in [
        ("/Items".to_owned(), "/Items"),
        ("/Items/Latest".to_owned(), "/Items/Latest"),
        ("/UserItems/Resume".to_owned(), "/Items/Resume"),
        ("/UserViews".to_owned(), "/Views"),
        ("/Items/Root".to_owned(), "/Items/Root"),
        (
            format!("/Items/{film}/Intros"),
            &format!("/Items/{film}/Intros"),
        ),
        (
            format!("/Items/{film}/LocalTrailers"),
            &format!("/Items/{film}/LocalTrailers"),
        ),
        (
            format!("/Items/{film}/SpecialFeatures"),
            &format!("/Items/{film}/SpecialFeatures"),
        ),
        (
            format!("/UserItems/{film}/UserData"),
            &format!("/Items/{film}/UserData"),
        ),
    ] {
        let shouted = path.to_uppercase();
        let quiet = path.to_lowercase();
        let mut forms = vec![
            format!("{quiet}?{list}"),
            format!("{shouted}?{list}"),
            format!("{path}/?{list}"),
            format!("/{path}?{list}"),
            format!("/emby{path}?{list}"),
            format!("/Emby{quiet}/?{list}"),
            format!("/mediabrowser{path}?{list}"),
            format!("{path}?{list}&userId={user}"),
            format!("{path}?{list}&UserId={}", dashed(user).to_uppercase()),
            format!("{path}?{list}&format=json"),
        ];
        for user in [user.clone(), user.to_uppercase(), dashed(user)] {
            forms.push(format!("/Users/{user}{legacy}?{list}"));
            forms.push(format!("/emby/users/{user}{legacy}/?{list}"));
        }
        if path.contains(film) {
            for id in [
                dashed(film),
                film.to_uppercase(),
                dashed(film).to_uppercase(),
            ] {
                forms.push(format!("{}?{list}", path.replace(film, &id)));
            }
        }
        stage.same(&format!("{path}?{list}"), &forms).await;
    }
    // An item answers under the id that it was asked by, which is written in one way.
    let forms = [
        dashed(film),
        film.to_uppercase(),
        dashed(film).to_uppercase(),
    ];
    let forms: Vec<String> = forms
        .iter()
        .map(|id| format!("/Users/{user}/Items/{id}/"))
        .collect();
    stage.same(&format!("/Items/{film}"), &forms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_one_parameter_or_several() {
    let stage = Stage::set().await;
    let (one, two) = (&stage.films[0], &stage.films[1]);
    let same = |forms: &[&str]| {
        forms
            .iter()
            .map(|form| format!("/Items?{form}"))
            .collect::<Vec<_>>()
    };
    let ids = [
        format!("ids={one}&ids={two}"),
        format!("Ids={one},{two}"),
        format!("IDS={},{}", dashed(one).to_uppercase(), dashed(two)),
        format!("ids={one},,{two},not-an-id"),
        format!("ids={one}%2C{two}"),
    ];
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage
        .same(&format!("/Items?ids={one},{two}"), &same(&ids))
        .await;
    stage
        .same(
            "/Items?recursive=true&includeItemTypes=Movie,Series&fields=Overview,Path&sortBy=ProductionYear,SortName&sortOrder=Descending",
            &same(&[
                "Recursive=True&IncludeItemTypes=movie&includeItemTypes=SERIES&Fields=overview&fields=PATH&SortBy=productionYear&sortBy=SortName&SortOrder=descending",
                "recursive=TRUE&includeItemTypes=Movie,Series,NoSuchKind&fields=Path,Overview,NoSuchField&sortBy=ProductionYear,SortName&sortOrder=Descending,Descending",
            ]),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_every_place() {
    let stage = Stage::set().await;
    let (film, token) = (&stage.films[0], &stage.token);
    let http = reqwest::Client::new();
    let url = |path: &str| format!("{}{path}", stage.gateway.url);
    let item = format!("/Items/{film}");
    for name in ["api_key", "ApiKey", "apikey", "API_KEY"] {
        let path = format!("{item}?{name}={token}");
        assert_eq!(status(http.get(url(&path))).await, 200, "{name}");
        let path = format!("/emby/Videos/{film}/stream.mkv?Static=true&{name}={token}");
        assert_eq!(status(http.get(url(&path))).await, 200, "{name}");
    }
    for (name, value) in [
        ("X-Emby-Token", token.clone()),
        ("X-MediaBrowser-Token", token.clone()),
        (
            "X-Emby-Authorization",
            format!("MediaBrowser Token=\"{token}\""),
        ),
        (
            "X-Emby-Authorization",
            format!("Emby UserId=\"x\", Token=\"{token}\""),
        ),
        ("Authorization", format!("MediaBrowser Token={token}")),
        ("Authorization", format!("mediabrowser Token=\"{token}\"")),
        ("Authorization", format!("Emby Client=K, Token={token}")),
    ] {
        let request = http.get(url(&item)).header(name, &value);
        assert_eq!(status(request).await, 200, "{name}");
    }
    assert_eq!(status(http.get(url(&item))).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_bodies_and_methods() {
    let stage = Stage::set().await;
    let (film, ann) = (&stage.films[0], &stage.ann);
    let details = ann.get(&format!("/Items/{film}")).await;
    let tag = details["ImageTags"]["Primary"].as_str().expect("a picture");
    for path in [
        "/System/Info/Public".to_owned(),
        "/System/Ping".to_owned(),
        format!("/Items/{film}"),
        "/Items?recursive=true".to_owned(),
        format!("/Items/{film}/Images/PRIMARY?tag={tag}"),
        format!("/items/{}/images/primary/0?Tag={tag}", dashed(film)),
        format!("/Videos/{film}/stream?static=true"),
        format!(
            "/videos/{}/stream.mkv?Static=TRUE&MediaSourceId={}",
            dashed(film).to_uppercase(),
            film.to_uppercase()
        ),
        format!("/Items/{film}/Download"),
        format!("/Items/{film}/File"),
    ] {
        let asked = ann
            .request(Method::HEAD, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(asked.status(), 200, "{path}");
        assert!(asked.headers().contains_key("content-type"), "{path}");
        let bytes = asked.bytes().await.expect("an end");
        assert!(bytes.is_empty(), "{path}");
    }
    // What bodies are called.
    let body = json!({ "itemId": film, "POSITIONTICKS": 10 }).to_string();
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "text/json",
        "application/*+json",
    ] {
        let report = ann.request(Method::POST, "/sessions/playing/progress/");
        let report = report.header("Content-Type", kind).body(body.clone());
        assert_eq!(status(report).await, 204, "{kind}");
    }
    let info = format!("/Items/{film}/PlaybackInfo");
    for asked in [
        ann.request(Method::POST, &info),
        ann.request(Method::POST, &info)
            .header("Content-Type", "application/json"),
        ann.request(Method::POST, &format!("/emby{info}/?UserId={}", stage.user))
            .json(&json!({})),
        ann.request(Method::GET, &info),
    ] {
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let told: Value = answer.json().await.expect("JSON");
        assert_eq!(told["MediaSources"][0]["Id"], film.as_str());
    }
    // Favourites and marks under both paths, by ids in any form.
    for path in [
        format!("/UserFavoriteItems/{}", dashed(film)),
        format!("/Users/{}/FavoriteItems/{film}", stage.user),
        format!(
            "/emby/users/{}/playeditems/{}",
            dashed(&stage.user),
            film.to_uppercase()
        ),
    ] {
        for method in [Method::POST, Method::DELETE] {
            let marked = status(ann.request(method.clone(), &path)).await;
            assert_eq!(marked, 200, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_in_a_report_spoils_not_the_rest() {
    let stage = Stage::set().await;
    let film = &stage.films[0];
    let report = json!({ "ItemId": film, "MediaSourceId": 7, "PositionTicks": 50_000_000 });
    let (status, _) = stage
        .ann
        .ask(Method::POST, "/Sessions/Playing", Some(report))
        .await;
    assert_eq!(status, 204);
    let sessions = stage.ann.get("/Sessions").await;
    assert_eq!(
        sessions[0]["NowPlayingItem"]["Id"],
        json!(film),
        "{sessions}"
    );
    assert_eq!(sessions[0]["PlayState"]["PositionTicks"], 50_000_000);

    let nothing = json!({ "ItemId": 7 });
    let (status, _) = stage
        .ann
        .ask(Method::POST, "/Sessions/Playing/Stopped", Some(nothing))
        .await;
    assert_eq!(status, 204);
    let sessions = stage.ann.get("/Sessions").await;
    assert!(sessions[0]["NowPlayingItem"].is_null(), "{sessions}");
}
