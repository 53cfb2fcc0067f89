//! Through the routes, before a small source.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use futures::StreamExt;
use http::{HeaderName, Method, Request, StatusCode, header};
use tower::ServiceExt;

use super::source::{FILM, RENEWED, Stage, TOKEN};
use crate::model::PublicId;

pub(super) async fn ask(
    stage: &Stage,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    stage.app.clone().oneshot(request).await.unwrap()
}

pub(super) async fn get(stage: &Stage, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    ask(stage, Method::GET, path, headers).await
}

pub(super) async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_range_goes_up_and_comes_down() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/stream.mp4?static=true&Tag=t", stage.copy);
    let answer = get(&stage, &path, &[(header::RANGE, "bytes=100-199")]).await;
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        answer.headers()[header::CONTENT_RANGE],
        format!("bytes 100-199/{FILM}")
    );
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], "100");
    assert!(
        !answer.headers().contains_key(header::SERVER),
        "nothing of the source"
    );
    assert_eq!(to_bytes(answer.into_body(), 1000).await.unwrap().len(), 100);

    let past = format!("bytes={FILM}-{}", FILM + 1);
    let answer = get(&stage, &path, &[(header::RANGE, &past)]).await;
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let answer = get(&stage, &path, &[]).await;
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], FILM.to_string());
    assert_eq!(
        to_bytes(answer.into_body(), FILM + 1).await.unwrap().len(),
        FILM
    );
}

#[tokio::test]
async fn head_goes_up_as_head_and_tells_the_length() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/stream.mp4?Tag=t", stage.copy);
    let answer = ask(&stage, Method::HEAD, &path, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], FILM.to_string());
    assert_eq!(text(answer).await, "");
    assert_eq!(stage.seen.last().0, Method::HEAD);
}

#[tokio::test]
async fn ids_are_mapped_and_tokens_stay_behind() {
    let stage = Stage::set().await;
    let key = stage.key();
    let path = format!(
        "/videos/{0}/stream.mp4?Static=true&mediaSourceId={0}&deviceId=phone&apikey={key}&PLAYSESSIONID=s&x=%26",
        stage.copy
    );
    let answer = get(&stage, &path, &[(header::COOKIE, "a=1")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let (_, told, headers) = stage.seen.last();
    let item = stage.upstream_item;
    assert_eq!(
        told,
        format!(
            "/base/Videos/{item}/stream.mp4?Static=true&mediaSourceId={item}&deviceId=manyfin-device\
             &PLAYSESSIONID=s&x=%26"
        )
    );
    let authorization = headers[header::AUTHORIZATION].to_str().unwrap();
    assert!(authorization.contains(TOKEN));
    assert!(!headers.contains_key(header::COOKIE));
    let asked = stage.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked.grant.unwrap().user, stage.user);
    assert_eq!(asked.media_source_id, Some(stage.copy));
    assert_eq!(asked.device_id.as_deref(), Some("phone"));
    assert_eq!(asked.play_session_id.as_deref(), Some("s"));
}

#[tokio::test]
async fn a_range_from_the_middle_goes_on_with_the_same_file() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/stream.mp4?Tag=t", stage.copy);
    for (range, from_middle) in [
        (None, false),
        (Some("bytes=0-"), false),
        (Some("bytes=0-1"), false),
        (Some("bytes=1000-"), true),
        (Some("bytes=-100"), true),
    ] {
        let headers: Vec<_> = range
            .map(|range| (header::RANGE, range))
            .into_iter()
            .collect();
        get(&stage, &path, &headers).await;
        let asked = stage.asked.lock().unwrap().last().unwrap().clone();
        assert_eq!(asked.from_middle, from_middle, "{range:?}");
    }
}

#[tokio::test]
async fn without_a_right_there_is_nothing() {
    let stage = Stage::set().await;
    for key in ["", "nonsense", "mf1.AAAA"] {
        let path = format!("/videos/{}/stream?ApiKey={key}", stage.copy);
        let answer = get(&stage, &path, &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{key}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    }
    let other = format!("/videos/{}/stream?Tag=t", PublicId::random());
    assert_eq!(
        get(&stage, &other, &[]).await.status(),
        StatusCode::NOT_FOUND
    );
    let stop = ask(
        &stage,
        Method::DELETE,
        "/videos/activeencodings?playSessionId=s",
        &[],
    )
    .await;
    assert_eq!(stop.status(), StatusCode::UNAUTHORIZED);
    let download = get(
        &stage,
        &format!("/items/{}/download?Tag=t", stage.copy),
        &[],
    )
    .await;
    assert_eq!(download.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(stage.seen.count(), 0, "no server was asked");
}

#[tokio::test]
async fn paths_that_are_none_never_go_up() {
    let stage = Stage::set().await;
    let copy = stage.copy;
    for path in [
        format!("/videos/{copy}/..%2f..%2fusers?Tag=t"),
        format!("/videos/{copy}/stream.%2e%2e%2fx?Tag=t"),
        format!("/videos/{copy}/hls1/..%2f..%2f..%2fusers/0.ts?Tag=t"),
        format!("/videos/{copy}/hls1/../x?Tag=t"),
        format!("/videos/{copy}/subtitles.txt?Tag=t"),
        format!("/videos/{copy}/{copy}/subtitles/x/stream.vtt?Tag=t"),
    ] {
        let status = get(&stage, &path, &[]).await.status();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let no_id = get(&stage, "/videos/nonsense/stream?Tag=t", &[]).await;
    assert_eq!(no_id.status(), StatusCode::BAD_REQUEST);
    assert_eq!(stage.seen.count(), 0, "no server was asked");
}

#[tokio::test]
async fn a_playlist_carries_a_right_that_opens_its_parts() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/master.m3u8?Tag=t&DeviceId=phone", stage.copy);
    let answer = get(&stage, &path, &[]).await;
    assert_eq!(
        answer.headers()[header::CONTENT_TYPE],
        "application/vnd.apple.mpegurl"
    );
    let length = answer.headers()[header::CONTENT_LENGTH]
        .to_str()
        .unwrap()
        .to_owned();
    let playlist = text(answer).await;
    assert_eq!(length, playlist.len().to_string());
    assert!(!playlist.contains(TOKEN), "{playlist}");
    let key = playlist.split("ApiKey=").nth(1).unwrap().trim();
    let grant = stage.capabilities.verify(key, stage.clock.now()).unwrap();
    assert_eq!((grant.user, grant.copy), (stage.user, stage.copy));
    // The id may be the item's by then: the right names the copy.
    let part = format!("/videos/{}/stream.mp4?ApiKey={key}", PublicId::random());
    assert_eq!(get(&stage, &part, &[]).await.status(), StatusCode::OK);
    let head = ask(&stage, Method::HEAD, &path, &[]).await;
    assert!(head.headers()[header::CONTENT_LENGTH] != "0");
    assert_eq!(text(head).await, "");
}

#[tokio::test]
async fn a_playlist_keeps_no_token_that_was_renewed_for_it() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/live.m3u8?Tag=t", stage.copy);
    let playlist = text(get(&stage, &path, &[]).await).await;
    assert!(playlist.contains("#EXT-X-KIN:\n"), "{playlist}");
    assert!(!playlist.contains(RENEWED), "{playlist}");
}

#[tokio::test]
async fn a_source_that_breaks_off_ends_the_body() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/stream.broken?Tag=t", stage.copy);
    let answer = get(&stage, &path, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let read = tokio::time::timeout(
        Duration::from_secs(5),
        to_bytes(answer.into_body(), usize::MAX),
    );
    assert!(
        read.await.expect("no hang").is_err(),
        "a part is not taken for the whole"
    );
}

#[tokio::test]
async fn a_client_that_reads_slowly_or_leaves_holds_the_source_back() {
    let stage = Stage::set().await;
    let path = format!("/videos/{}/stream.endless?Tag=t", stage.copy);
    let mut body = get(&stage, &path, &[]).await.into_body().into_data_stream();
    body.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let made = stage.seen.made.load(Ordering::SeqCst);
    assert!(made < 64 << 20, "{made} bytes were made for nobody");
    drop(body);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let left = stage.seen.made.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        stage.seen.made.load(Ordering::SeqCst),
        left,
        "the source stops"
    );
}

#[tokio::test]
async fn a_page_and_a_redirect_are_no_film() {
    let stage = Stage::set().await;
    let answer = get(
        &stage,
        &format!("/videos/{}/stream.evil?Tag=t", stage.copy),
        &[],
    )
    .await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert!(!text(answer).await.contains("script"));
    let moved = get(
        &stage,
        &format!("/videos/{}/stream.moved?Tag=t", stage.copy),
        &[],
    )
    .await;
    assert_eq!(moved.status(), StatusCode::BAD_GATEWAY);
    assert!(!moved.headers().contains_key(header::LOCATION));
}

#[tokio::test]
async fn what_a_source_refuses_or_tells_without_end_is_refused() {
    let stage = Stage::set().await;
    for (file, status) in [
        ("stream.unknown", StatusCode::NOT_FOUND),
        ("stream.forbidden", StatusCode::FORBIDDEN),
        ("stream.wrong", StatusCode::BAD_REQUEST),
        ("stream.failing", StatusCode::BAD_GATEWAY),
        // A playlist is read before it is passed on.
        ("hls1/main/wrong.m3u8", StatusCode::BAD_GATEWAY),
        ("hls1/main/told.m3u8", StatusCode::BAD_GATEWAY),
        ("hls1/main/endless.m3u8", StatusCode::BAD_GATEWAY),
        // The catalog knows no other copy.
        ("stream.away", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let path = format!("/videos/{}/{file}?Tag=t", stage.copy);
        let answer = get(&stage, &path, &[]).await;
        assert_eq!(answer.status(), status, "{file}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        let told = text(answer).await;
        assert!(!told.contains(&stage.upstream_item.to_string()), "{told}");
    }
}

#[tokio::test]
async fn subtitles_are_found_by_version_and_number() {
    let stage = Stage::set().await;
    let copy = stage.copy;
    let item = stage.upstream_item;
    let path = format!("/videos/{copy}/{copy}/subtitles/2/0/stream.vtt?Tag=t");
    let answer = get(&stage, &path, &[]).await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/vtt");
    assert_eq!(text(answer).await, "WEBVTT");
    let told = stage.seen.last().1;
    assert_eq!(
        told,
        format!("/base/Videos/{item}/{item}/Subtitles/2/0/stream.vtt")
    );
    // Jellyfin fails where it does not know the number.
    let unknown = format!("/videos/{copy}/{copy}/subtitles/99/0/stream.ass?Tag=t");
    assert_eq!(
        get(&stage, &unknown, &[]).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_tagged_picture_is_fetched_once_and_kept_for_good() {
    let stage = Stage::set().await;
    let path = format!(
        "/items/{}/images/primary?tag=abc&fillWidth=200&userId=x",
        stage.copy
    );
    let answer = get(&stage, &path, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    assert_eq!(
        headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers[header::ETAG], "\"abc\"");
    assert_eq!(headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(headers[header::CONTENT_LENGTH], "9");
    assert!(!headers.contains_key(header::SET_COOKIE));
    assert_eq!(text(answer).await, "a picture");
    assert!(
        stage
            .seen
            .last()
            .1
            .ends_with("/Images/Primary?fillWidth=200")
    );

    let head = ask(&stage, Method::HEAD, &path, &[]).await;
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "9");
    for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
        let again = get(&stage, &path, &[(header::IF_NONE_MATCH, known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(again.headers()[header::ETAG], "\"abc\"");
    }
    let since = [(header::IF_MODIFIED_SINCE, "Sun, 22 Nov 2026 19:01:50 GMT")];
    assert_eq!(
        get(&stage, &path, &since).await.status(),
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(stage.seen.count(), 1);

    // Another size is another picture.
    let other = format!("/items/{}/images/Primary?tag=abc&fillWidth=100", stage.copy);
    assert_eq!(get(&stage, &other, &[]).await.status(), StatusCode::OK);
    assert_eq!(stage.seen.count(), 2);
}

#[tokio::test]
async fn a_picture_without_a_tag_is_asked_for_again() {
    let stage = Stage::set().await;
    let answer = get(
        &stage,
        &format!("/items/{}/images/primary", stage.copy),
        &[],
    )
    .await;
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, no-cache");
    let etag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
    let path = format!("/items/{}/images/primary", stage.copy);
    let known = get(&stage, &path, &[(header::IF_NONE_MATCH, &etag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let long = format!("/items/{}/images/primary/0/abc/png/300/0/0/0", stage.copy);
    assert_eq!(
        get(&stage, &long, &[]).await.status(),
        StatusCode::NOT_FOUND,
        "index 0 of it"
    );
    assert!(
        stage
            .seen
            .last()
            .1
            .contains("/Images/Primary/0?format=png&maxWidth=300")
    );
}

#[tokio::test]
async fn pictures_that_are_none() {
    let stage = Stage::set().await;
    let copy = stage.copy;
    for (path, status) in [
        (
            format!("/items/{copy}/images/nonsense"),
            StatusCode::BAD_REQUEST,
        ),
        (format!("/items/{copy}/images/logo"), StatusCode::NOT_FOUND),
        (
            format!("/items/{}/images/primary", PublicId::random()),
            StatusCode::NOT_FOUND,
        ),
        (format!("/userimage?userId={copy}"), StatusCode::NOT_FOUND),
        (
            format!("/users/{copy}/images/primary"),
            StatusCode::NOT_FOUND,
        ),
        (
            "/genres/Sci-Fi/images/nonsense?tag=t".to_owned(),
            StatusCode::BAD_REQUEST,
        ),
        (
            "/genres/Sci-Fi/images/primary?tag=t".to_owned(),
            StatusCode::NOT_FOUND,
        ),
        (
            "/genres/Sci-Fi/images/primary".to_owned(),
            StatusCode::NOT_FOUND,
        ),
        (
            "/persons/Ann%20Lee/images/primary/0?tag=t".to_owned(),
            StatusCode::NOT_FOUND,
        ),
    ] {
        assert_eq!(get(&stage, &path, &[]).await.status(), status, "{path}");
    }
}
