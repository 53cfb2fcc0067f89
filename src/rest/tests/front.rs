//! Requests as apps send them, through the router.

use super::*;

fn no_body(_: &str, _: &Value) -> Result<Value, &'static str> {
    Err("INTERNAL")
}

fn user(id: &str) -> Value {
    json!({
        "id": id, "name": "alice", "isAdministrator": false, "isDisabled": false,
        "hasPassword": true, "lastLoginAt": "2026-11-22T19:08:06.566Z",
        "lastActivityAt": null, "settings": raw("{\"HidePlayedInLatest\":false}")
    })
}

fn session() -> Value {
    json!({
        "id": "f8574dc94099e49f03f6521bd447cf2a", "user": {"id": ALICE, "name": "alice"},
        "deviceId": "lab-rec", "deviceName": "Lab rec", "client": "Recorder",
        "clientVersion": "1.0.0", "remoteAddress": "127.0.0.1",
        "lastSeenAt": "2026-11-22T19:08:06.566Z", "capabilities": null, "nowPlaying": null
    })
}

#[tokio::test]
async fn first_contact_needs_no_token() {
    let stage = Stage::new(no_body);
    let (status, text) = stage.call("GET", "/SYSTEM/Info/Public/", "", None).await;
    assert_eq!(status, StatusCode::OK);
    let info: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(info["ProductName"], "Jellyfin Server");
    assert_eq!(info["Id"], "16f749e2286649439320b00b0eb9e59a");
    assert_eq!(info["LocalAddress"], "https://films.example.org/all");
    let (status, text) = stage.call("POST", "/emby/System/Ping", "", None).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::OK, "\"Jellyfin Server\"")
    );
    let (status, text) = stage.get("/Localization/ParentalRatings").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.starts_with("[{\"Name\":\"Unrated\"}"));
}

fn login(body: &str) -> Request<Body> {
    Request::post("/Users/authenticatebyname?format=json")
        .header("Content-Type", "application/json; charset=utf-8")
        .header(
            "Authorization",
            "MediaBrowser Client=\"Recorder\", Device=\"Lab rec\", DeviceId=\"lab-rec\", \
             Version=\"1.0.0\"",
        )
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn gate(name: &str, variables: &Value) -> Result<Value, &'static str> {
    assert_eq!(name, "SignIn");
    if variables["password"] == "alice-pw" {
        Ok(json!({"signIn": {"token": "t", "user": user(ALICE), "session": session()}}))
    } else {
        Err("INVALID_CREDENTIALS")
    }
}

#[tokio::test]
async fn a_login_as_recorded() {
    let stage = Stage::new(gate);
    let (status, text, headers) = stage
        .send(login("{\"username\":\"alice\",\"pw\":\"alice-pw\"}"))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["AccessToken"], "t");
    assert_eq!(answer["User"]["Id"], ALICE);
    assert_eq!(
        answer["User"]["LastLoginDate"],
        "2026-11-22T19:08:06.5660000Z"
    );
    assert_eq!(answer["User"]["Configuration"]["HidePlayedInLatest"], false);
    assert_eq!(answer["User"]["Policy"]["EnableAllFolders"], true);
    assert_eq!(
        answer["SessionInfo"]["LastPlaybackCheckIn"],
        "0001-01-01T00:00:00.0000000Z"
    );
    for id in [
        &answer["ServerId"],
        &answer["User"]["ServerId"],
        &answer["SessionInfo"]["ServerId"],
    ] {
        assert_eq!(id, "16f749e2286649439320b00b0eb9e59a");
    }
    let (_, variables) = &stage.asked()[0];
    assert_eq!(
        variables["device"],
        json!({"client": "Recorder", "deviceName": "Lab rec", "deviceId": "lab-rec", "version": "1.0.0"})
    );
}

#[tokio::test]
async fn logins_that_fail_as_recorded() {
    let stage = Stage::new(gate);
    let good = "{\"Username\":\"alice\",\"Pw\":\"alice-pw\"}";
    let (status, text, _) = stage
        .send(login("{\"Username\":\"alice\",\"Pw\":\"no\"}"))
        .await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::UNAUTHORIZED, "Error processing request.")
    );
    let mut nameless = login(good);
    nameless.headers_mut().remove("authorization");
    assert_eq!(stage.send(nameless).await.0, StatusCode::BAD_REQUEST);
    for body in ["", "{\"Username\":"] {
        let (status, text, _) = stage.send(login(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["title"], "One or more validation errors occurred.");
        assert_eq!(
            problem["errors"]["request"],
            json!(["The request field is required."])
        );
    }
    let mut form = login("Username=alice&Pw=alice-pw");
    form.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    assert_eq!(stage.send(form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

fn shelf(name: &str, variables: &Value) -> Result<Value, &'static str> {
    Ok(match name {
        "Items" => json!({
            "parent": if variables["parent"] == "d15ea5edd15ea5edd15ea5edd15ea5ed" {
                Value::Null
            } else {
                json!({"id": "x"})
            },
            "items": {"totalCount": 96, "bodies": raw("[{\"Id\":\"a\"}]")}
        }),
        "Views" => json!({"views": [
            {"id": "v", "name": "Films", "collectionType": "movies", "body": raw("{\"Id\":\"v\"}")},
            {"id": "m", "name": "Music", "collectionType": "music", "body": raw("{\"Id\":\"m\"}")}
        ]}),
        "Item" => json!({"item": null}),
        "Extra" => json!({"extra": null}),
        "Latest" => {
            json!({"latest": [{"childCount": 5, "body": raw("{\"Id\":\"s\"}")}, {"childCount": null, "body": raw("{\"Id\":\"e\"}")}]})
        }
        "Children" => json!({"parent": null, "items": {"totalCount": 0, "bodies": raw("[]")}}),
        "ReportPlayback" => json!({"reportPlayback": true}),
        "DisplayPreferences" => {
            json!({"displayPreferences": raw("{\"Id\":\"usersettings\",\"CustomPrefs\":{\"homesection0\":\"resume\",\"tvhome\":\"x\"},\"Client\":\"emby\"}")})
        }
        "SaveDisplayPreferences" => json!({"saveDisplayPreferences": true}),
        "FilterValues" => json!({"filterValues": {
            "genres": [{"id": "g", "name": "Drama"}], "tags": ["family"],
            "officialRatings": ["G"], "years": [1988],
            "audioLanguages": [{"id": "eng", "name": "eng"}, {"id": "xx", "name": "xx"}],
            "subtitleLanguages": []
        }}),
        "SetPlayed" => return Err("NOT_FOUND"),
        "PlaybackInfo" => json!({"playbackInfo": raw("{\"MediaSources\":[]}")}),
        other => panic!("{other} was not expected"),
    })
}

#[tokio::test]
async fn a_page_of_a_library() {
    let stage = Stage::new(shelf);
    let library = "f137a2dd21bbc1b99aa5c0f6bf02a805";
    let (status, text) = stage
        .get(&format!(
            "/Users/{ALICE}/Items?SortBy=SortName&ParentId={library}&Recursive=true&StartIndex=0&Limit=100"
        ))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        text,
        "{\"Items\":[{\"Id\":\"a\"}],\"TotalRecordCount\":96,\"StartIndex\":0}"
    );
    let (name, variables) = stage.asked().remove(0);
    assert_eq!(name, "Items");
    assert_eq!(
        variables["filter"],
        json!({"parentId": library, "recursive": true})
    );
    assert_eq!(variables["first"], 100);

    let counted = format!("/Items?parentId={library}&enableTotalRecordCount=false");
    assert!(
        stage
            .get(&counted)
            .await
            .1
            .contains("\"TotalRecordCount\":1,")
    );
    let unknown = "/Items?parentId=d15ea5edd15ea5edd15ea5edd15ea5ed";
    assert_eq!(stage.get(unknown).await.0, StatusCode::BAD_REQUEST);
    let (status, text) = stage.get("/Items?limit=ten&recursive=true").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("{\"limit\":[\"The value 'ten' is not valid.\"]}"));
}

#[tokio::test]
async fn random_pages_share_an_order() {
    let stage = Stage::new(shelf);
    for path in [
        "/Items?recursive=true&sortBy=Random&startIndex=0",
        "/Items?recursive=true&sortBy=Random&startIndex=100",
        "/Items?recursive=true&sortBy=Random",
        "/Items?recursive=true&sortBy=Random",
    ] {
        assert_eq!(stage.get(path).await.0, StatusCode::OK);
    }
    let seeds: Vec<Value> = stage
        .asked()
        .iter()
        .map(|(_, variables)| variables["filter"]["randomSeed"].clone())
        .collect();
    assert!(seeds[0].is_i64());
    assert_eq!(seeds[0], seeds[1]);
    assert_ne!(seeds[2], seeds[3]);
}

#[tokio::test]
async fn items_of_nothing_are_the_libraries() {
    let stage = Stage::new(shelf);
    let (_, text) = stage.get(&format!("/Items?userId={ALICE}")).await;
    assert!(text.starts_with("{\"Items\":[{\"Id\":\"v\"},{\"Id\":\"m\"}],\"TotalRecordCount\":2"));
    let (_, text) = stage.get("/Items?startIndex=1&limit=5").await;
    assert_eq!(
        text,
        "{\"Items\":[{\"Id\":\"m\"}],\"TotalRecordCount\":2,\"StartIndex\":1}"
    );
    let (_, text) = stage.get("/UserViews/GroupingOptions").await;
    assert_eq!(text, "[{\"Name\":\"Films\",\"Id\":\"v\"}]");
}

#[tokio::test]
async fn latest_is_a_bare_list_with_counts() {
    let stage = Stage::new(shelf);
    let (_, text) = stage.get("/Items/Latest?fields=ChildCount,Path").await;
    assert_eq!(
        text,
        "[{\"Id\":\"s\",\"ChildCount\":5},{\"Id\":\"e\",\"ChildCount\":0}]"
    );
    let (_, variables) = stage.asked().remove(0);
    assert_eq!(variables["isPlayed"], false);
    assert_eq!(variables["body"]["fields"], json!(["path"]));
}

#[tokio::test]
async fn what_is_not_there() {
    let stage = Stage::new(shelf);
    let (status, text) = stage.get("/Items/d15ea5edd15ea5edd15ea5edd15ea5ed").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["title"],
        "Not Found"
    );
    let (status, text) = stage.get("/Items/zzz").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("{\"itemId\":[\"The value 'zzz' is not valid.\"]}"));
    let (status, text) = stage.get(&format!("/Shows/{ALICE}/Episodes")).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::NOT_FOUND, "\"Series not found\"")
    );
    let played = format!("/UserPlayedItems/{ALICE}");
    assert_eq!(
        stage.call("POST", &played, "alice-token", None).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn reports_are_taken_in_any_case() {
    let stage = Stage::new(shelf);
    let (status, text) = stage
        .post(
            "/Sessions/Playing/Progress",
            json!({"itemId": "a", "positionticks": "7", "Extra": 1}),
        )
        .await;
    assert_eq!((status, text.as_str()), (StatusCode::NO_CONTENT, ""));
    let (_, variables) = stage.asked().remove(0);
    assert_eq!(
        variables,
        json!({"event": "PROGRESS", "report": {"ItemId": "a", "PositionTicks": 7, "Extra": 1}})
    );
    let broken = stage
        .call(
            "POST",
            "/Sessions/Playing/Progress",
            "alice-token",
            Some("{".to_owned()),
        )
        .await;
    assert_eq!(broken.0, StatusCode::BAD_REQUEST);
    let old = format!("/Users/{ALICE}/PlayingItems/{ALICE}?positionTicks=9&isPaused=true");
    assert_eq!(
        stage.call("DELETE", &old, "alice-token", None).await.0,
        StatusCode::NO_CONTENT
    );
    let (_, variables) = stage.asked().pop().unwrap();
    assert_eq!(
        variables["report"],
        json!({"ItemId": ALICE, "PositionTicks": 9, "IsPaused": true})
    );
}

#[tokio::test]
async fn settings_of_clients() {
    let stage = Stage::new(shelf);
    let path = format!("/DisplayPreferences/usersettings?userId={ALICE}&client=emby");
    let (status, text) = stage.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["Id"], "3ce5b65d-e116-d731-65d1-efc4a30ec35c");
    assert_eq!(
        told["CustomPrefs"],
        json!({
            "homesection0": "resume", "tvhome": "x", "chromecastVersion": "stable",
            "skipForwardLength": "30000", "skipBackLength": "10000",
            "enableNextVideoInfoOverlay": "False", "dashboardTheme": null
        })
    );
    let (status, _) = stage
        .post(
            &path,
            json!({"sortby": "Name", "CustomPrefs": {"a": 5, "b": true, "c": null}}),
        )
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (_, variables) = stage.asked().pop().unwrap();
    assert_eq!(
        variables["body"],
        json!({"SortBy": "Name", "CustomPrefs": {"a": "5", "b": "true", "c": null}})
    );
    let (status, _) = stage.get("/DisplayPreferences/usersettings").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn filters_old_and_new() {
    let stage = Stage::new(shelf);
    let (_, text) = stage.get("/Items/Filters").await;
    assert_eq!(
        text,
        "{\"Genres\":[\"Drama\"],\"Tags\":[\"family\"],\"OfficialRatings\":[\"G\"],\"Years\":[1988]}"
    );
    let (_, text) = stage.get("/Items/Filters2").await;
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["Genres"], json!([{"Name": "Drama", "Id": "g"}]));
    assert_eq!(
        told["AudioLanguages"],
        json!([{"Name": "English (eng)", "Value": "eng"}, {"Name": "xx", "Value": "xx"}])
    );
}

#[tokio::test]
async fn playback_is_asked_in_query_and_body() {
    let stage = Stage::new(shelf);
    let path = format!("/Items/{ALICE}/PlaybackInfo?MaxStreamingBitrate=5&mediaSourceId=m");
    let body = json!({"maxStreamingBitrate": 9, "deviceProfile": {"directPlayProfiles": []}});
    let (status, text) = stage.post(&path, body).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::OK, "{\"MediaSources\":[]}")
    );
    let (_, variables) = stage.asked().remove(0);
    assert_eq!(
        variables["request"],
        json!({
            "MaxStreamingBitrate": 5, "MediaSourceId": "m",
            "DeviceProfile": {"DirectPlayProfiles": []}
        })
    );
    let (status, _) = stage.call("POST", &path, "alice-token", None).await;
    assert_eq!(status, StatusCode::OK);
    let other = json!({"UserId": ADMIN});
    assert_eq!(stage.post(&path, other).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn browsers_elsewhere_may_ask() {
    let stage = Stage::new(no_body);
    let preflight = Request::options("/Items")
        .header("Origin", "https://app.example.org")
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "authorization")
        .body(Body::empty())
        .unwrap();
    let (status, _, headers) = stage.send(preflight).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    assert!(!headers.contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn bytes_to_measure_by() {
    let stage = Stage::new(no_body);
    let request = Request::get("/Playback/BitrateTest?Size=70000")
        .header("Authorization", "MediaBrowser Token=alice-token")
        .body(Body::empty())
        .unwrap();
    let (status, _, headers) = stage.send(request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-length"], "70000");
    assert_eq!(
        stage.get("/Playback/BitrateTest?size=0").await.0,
        StatusCode::BAD_REQUEST
    );
}
