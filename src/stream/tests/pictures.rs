//! Pictures that are kept: across restarts, within bounds, and only while they are true.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use axum::response::Response;
use http::{StatusCode, header};

use super::front::{get, text};
use super::source::Stage;
use crate::telemetry::metrics::Now;

/// What a small picture takes on the disk.
const BLOCK: u64 = 4096;

fn path(stage: &Stage, width: u32) -> String {
    format!("/items/{}/images/primary?tag=abc&width={width}", stage.copy)
}

async fn ask(stage: &Stage, width: u32) -> Response {
    get(stage, &path(stage, width), &[]).await
}

/// The picture's text, and whether the source was asked for it.
async fn read(stage: &Stage, width: u32) -> (String, bool) {
    let before = stage.seen.count();
    let answer = ask(stage, width).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/png");
    (text(answer).await, stage.seen.count() > before)
}

fn number(stage: &Stage, name: &str) -> u64 {
    let numbers = stage.metrics.encode(&Now::default());
    let line = numbers.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

fn bytes(stage: &Stage) -> u64 {
    number(stage, "manyfin_cache_bytes{cache=\"images\"}")
}

fn files(stage: &Stage) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(stage.folder.path().join("images")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still not so after 20 s: {what}");
}

fn past_its_time(stage: &Stage) {
    stage.clock.advance(chrono::Duration::minutes(61));
}

#[tokio::test]
async fn a_picture_outlives_a_restart_and_its_server() {
    let stage = Stage::set().await;
    assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), true));
    let stage = stage.restart();
    stage.seen.picture.lock().unwrap().status = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), false));
    assert_eq!(
        ask(&stage, 2).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        number(
            &stage,
            "manyfin_cache_lookups_total{cache=\"images\",result=\"hit\"}"
        ),
        1
    );
    assert_eq!(
        number(
            &stage,
            "manyfin_cache_lookups_total{cache=\"images\",result=\"miss\"}"
        ),
        1
    );
    let names: Vec<_> = files(&stage);
    assert_eq!(names.len(), 1);
    let name = names[0].file_name().unwrap().to_str().unwrap();
    assert!(
        name.len() == 32 && name.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{name}"
    );
}

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first() {
    let stage = Stage::with_images(3 * BLOCK).await;
    for width in [1, 2, 3] {
        assert!(read(&stage, width).await.1);
    }
    assert_eq!(bytes(&stage), 3 * BLOCK);
    assert!(!read(&stage, 1).await.1);
    assert!(read(&stage, 4).await.1, "2 goes for it");
    assert_eq!((bytes(&stage), files(&stage).len()), (3 * BLOCK, 3));
    for width in [3, 4, 1] {
        assert!(!read(&stage, width).await.1, "{width}");
    }
    // The order is that of use, also after a restart.
    let stage = stage.restart();
    eventually("the folder is read", async || bytes(&stage) == 3 * BLOCK).await;
    assert!(read(&stage, 5).await.1, "3 goes for it");
    for width in [4, 1, 5] {
        assert!(!read(&stage, width).await.1, "{width}");
    }
    assert!(read(&stage, 3).await.1);
    assert_eq!((bytes(&stage), files(&stage).len()), (3 * BLOCK, 3));
}

#[tokio::test]
async fn a_smaller_bound_holds_from_the_next_start() {
    let mut stage = Stage::with_images(3 * BLOCK).await;
    for width in [1, 2, 3] {
        read(&stage, width).await;
    }
    stage.set_image_bytes(BLOCK);
    let stage = stage.restart();
    eventually("two are gone", async || files(&stage).len() == 1).await;
    assert!(!read(&stage, 3).await.1);
}

#[tokio::test]
async fn where_none_is_to_be_kept_none_is() {
    let stage = Stage::with_images(0).await;
    assert!(read(&stage, 1).await.1);
    assert!(read(&stage, 1).await.1);
    assert_eq!((bytes(&stage), files(&stage).len()), (0, 0));
}

#[tokio::test]
async fn what_is_old_is_asked_about() {
    for etag in [None, Some("\"one\"")] {
        let stage = Stage::set().await;
        stage.seen.picture.lock().unwrap().etag = etag;
        read(&stage, 1).await;
        past_its_time(&stage);
        assert_eq!(read(&stage, 1).await.0, "a picture");
        eventually("the source is asked", async || stage.seen.count() == 2).await;
        let (_, _, asked) = stage.seen.last();
        let since = stage.seen.picture.lock().unwrap().last_modified;
        assert_eq!(asked[header::IF_MODIFIED_SINCE], since);
        let told = asked.get(header::IF_NONE_MATCH);
        assert_eq!(told.map(|told| told.to_str().unwrap()), etag);
        // It said that nothing changed, and that holds for the next hour.
        eventually("it counts as fresh", async || !read(&stage, 1).await.1).await;
    }
}

#[tokio::test]
async fn another_picture_takes_the_place_of_an_old_one() {
    let stage = Stage::set().await;
    let untagged = format!("/items/{}/images/primary", stage.copy);
    let first = get(&stage, &untagged, &[]).await;
    let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(text(first).await, "a picture");
    {
        let mut picture = stage.seen.picture.lock().unwrap();
        picture.bytes = b"another".to_vec();
        picture.last_modified = "Mon, 23 Nov 2026 01:00:00 GMT";
    }
    let known = [(header::IF_NONE_MATCH, etag.as_str())];
    let answer = get(&stage, &untagged, &known).await;
    assert_eq!(
        answer.status(),
        StatusCode::NOT_MODIFIED,
        "it is still fresh"
    );
    past_its_time(&stage);
    eventually("the other one is shown", async || {
        let answer = get(&stage, &untagged, &known).await;
        answer.status() == StatusCode::OK && text(answer).await == "another"
    })
    .await;
    assert_eq!(files(&stage).len(), 1);
}

#[tokio::test]
async fn an_old_picture_is_shown_while_its_server_fails() {
    let stage = Stage::set().await;
    read(&stage, 1).await;
    past_its_time(&stage);
    stage.seen.picture.lock().unwrap().status = StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!(read(&stage, 1).await.0, "a picture");
    // It is not asked about at every look, but soon again.
    eventually("it is let be", async || !read(&stage, 1).await.1).await;
    stage.clock.advance(chrono::Duration::seconds(61));
    let before = stage.seen.count();
    assert_eq!(read(&stage, 1).await.0, "a picture");
    eventually("it is asked about", async || stage.seen.count() > before).await;
}

#[tokio::test]
async fn a_picture_that_is_gone_there_is_gone_here() {
    let stage = Stage::set().await;
    read(&stage, 1).await;
    past_its_time(&stage);
    stage.seen.picture.lock().unwrap().status = StatusCode::NOT_FOUND;
    eventually("it is gone", async || {
        ask(&stage, 1).await.status() == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!((files(&stage).len(), bytes(&stage)), (0, 0));
}

#[tokio::test]
async fn what_becomes_no_picture_is_not_shown_as_the_old_one() {
    let stage = Stage::set().await;
    read(&stage, 1).await;
    past_its_time(&stage);
    {
        let mut picture = stage.seen.picture.lock().unwrap();
        picture.content_type = "text/html";
        picture.last_modified = "Mon, 23 Nov 2026 01:00:00 GMT";
    }
    eventually("it is gone", async || {
        let answer = ask(&stage, 1).await;
        answer.headers()[header::CONTENT_TYPE] == "application/octet-stream"
    })
    .await;
    assert_eq!((files(&stage).len(), bytes(&stage)), (0, 0));
}

#[tokio::test]
async fn who_says_unasked_that_nothing_changed_shows_nothing() {
    let stage = Stage::set().await;
    stage.seen.picture.lock().unwrap().status = StatusCode::NOT_MODIFIED;
    assert_eq!(ask(&stage, 1).await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!((files(&stage).len(), bytes(&stage)), (0, 0));
}

#[tokio::test]
async fn an_old_picture_is_shown_while_its_server_thinks() {
    let stage = Stage::set().await;
    stage.is_online().await;
    read(&stage, 1).await;
    past_its_time(&stage);
    {
        let mut picture = stage.seen.picture.lock().unwrap();
        picture.bytes = b"another".to_vec();
        picture.last_modified = "Mon, 23 Nov 2026 01:00:00 GMT";
        picture.takes = Duration::from_secs(2);
    }
    assert_eq!(read(&stage, 1).await.0, "a picture");
    // Who comes when it is done waits for it.
    stage.seen.picture.lock().unwrap().takes = Duration::ZERO;
    eventually("the other one is shown", async || {
        read(&stage, 1).await.0 == "another"
    })
    .await;
}

#[tokio::test]
async fn a_damaged_file_is_never_shown() {
    let stage = Stage::set().await;
    read(&stage, 1).await;
    let file = files(&stage).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut longer = whole.clone();
    longer.push(0);
    let mut other_type = whole.clone();
    let at = whole.windows(3).position(|part| part == b"png").unwrap();
    other_type[at..at + 3].copy_from_slice(b"gif");
    for damaged in [
        whole[..whole.len() - 1].to_vec(),
        whole[..20].to_vec(),
        Vec::new(),
        flipped,
        longer,
        other_type,
    ] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), true));
        assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), false));
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), true));
    assert_eq!((files(&stage).len(), bytes(&stage)), (1, BLOCK));
}

#[tokio::test]
async fn what_lies_beside_the_pictures_stays_unless_it_was_never_finished() {
    use std::os::unix::ffi::OsStrExt;
    let stage = Stage::set().await;
    read(&stage, 1).await;
    let folder = stage.folder.path().join("images");
    let (stale, under_way) = (folder.join("new-stale"), folder.join("new-under-way"));
    let others = folder.join(std::ffi::OsStr::from_bytes(b"\xff not ours"));
    for file in [&stale, &under_way, &others] {
        fs::write(file, "x").unwrap();
    }
    let old = std::time::SystemTime::now() - Duration::from_secs(2 * 3600);
    for file in [&stale, &others] {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(old).unwrap();
    }
    let stage = stage.restart();
    eventually("what nobody finishes is gone", async || !stale.exists()).await;
    assert!(under_way.exists() && others.exists());
    assert!(!read(&stage, 1).await.1);
}

#[tokio::test]
async fn without_a_folder_pictures_are_shown_all_the_same() {
    let stage = Stage::set().await;
    fs::write(stage.folder.path().join("images"), "no folder").unwrap();
    let stage = stage.restart();
    for _ in 0..2 {
        assert_eq!(read(&stage, 1).await, ("a picture".to_owned(), true));
    }
    assert_eq!(bytes(&stage), 0);
}

#[tokio::test]
async fn only_pictures_that_fit_are_kept() {
    let stage = Stage::set().await;
    stage.seen.picture.lock().unwrap().content_type = "text/html";
    let answer = ask(&stage, 1).await;
    assert_eq!(
        answer.headers()[header::CONTENT_TYPE],
        "application/octet-stream"
    );
    assert_eq!(text(answer).await, "a picture");
    {
        let mut picture = stage.seen.picture.lock().unwrap();
        picture.content_type = "image/png";
        picture.bytes = vec![b'x'; (8 << 20) + 1];
    }
    assert_eq!(read(&stage, 1).await.0.len(), (8 << 20) + 1);
    {
        let mut picture = stage.seen.picture.lock().unwrap();
        picture.is_streamed = true;
    }
    assert_eq!(read(&stage, 1).await.0.len(), (8 << 20) + 1);
    stage.seen.picture.lock().unwrap().is_streamed = false;
    // Larger than all that may be kept.
    stage.seen.picture.lock().unwrap().bytes = vec![b'x'; 2 << 20];
    assert_eq!(read(&stage, 1).await.0.len(), 2 << 20);
    assert_eq!((bytes(&stage), files(&stage).len()), (0, 0));
}

#[tokio::test]
async fn many_who_ask_at_once_ask_the_server_once() {
    let stage = Stage::set().await;
    let answers = futures::future::join_all((0..20).map(|_| ask(&stage, 1))).await;
    for answer in answers {
        assert_eq!(text(answer).await, "a picture");
    }
    assert_eq!(stage.seen.count(), 1);
}
