use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;

use super::{WebSettings, docs, router};

async fn get(app: &Router, path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
    ask(app, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, String) {
    let answer = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status,
        parts.headers,
        String::from_utf8_lossy(&bytes).into_owned(),
    )
}

fn plain() -> Router {
    router(&WebSettings::default())
}

#[tokio::test]
async fn the_start_page_tells_the_configured_address() {
    let settings = WebSettings {
        public_url: Some("https://films.example.org/many".parse().unwrap()),
        ..WebSettings::default()
    };
    let (status, headers, page) = get(&router(&settings), "/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains(r#""publicUrl":"https://films.example.org/many""#),
        "{page}"
    );
    assert!(!page.contains("__MANYFIN"));
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again() {
    let app = plain();
    let (_, headers, _) = get(&app, "/graphiql").await;
    let again = Request::get("/graphiql")
        .header(header::IF_NONE_MATCH, &headers[header::ETAG])
        .body(Body::empty())
        .unwrap();
    let (status, _, body) = ask(&app, again).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn every_file_that_the_pages_name_is_there_for_good() {
    let app = plain();
    let mut seen = 0;
    for page in ["/", "/graphiql", "/docs/"] {
        let (_, _, html) = get(&app, page).await;
        for name in html.split("ui/assets/").skip(1) {
            let name = name.split('"').next().unwrap();
            let (status, headers, _) = get(&app, &format!("/ui/assets/{name}")).await;
            assert_eq!(status, StatusCode::OK, "{name}");
            assert!(
                headers[header::CACHE_CONTROL]
                    .to_str()
                    .unwrap()
                    .contains("immutable")
            );
            let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
            let expected = match name.rsplit('.').next().unwrap() {
                "js" => "text/javascript",
                "css" => "text/css",
                "svg" => "image/svg+xml",
                other => panic!("an unforeseen kind of file: {other}"),
            };
            assert!(kind.starts_with(expected), "{name}: {kind}");
            assert_eq!(name, name.to_lowercase(), "paths do not depend on case");
            seen += 1;
        }
    }
    assert!(seen > 3, "the pages name their files");
}

#[tokio::test]
async fn no_page_names_another_host() {
    let app = plain();
    for page in ["/", "/graphiql", "/docs/"] {
        let (_, _, html) = get(&app, page).await;
        for attribute in ["src=\"http", "src=\"//", "href=\"//"] {
            assert!(!html.contains(attribute), "{page}: {attribute}");
        }
    }
}

#[tokio::test]
async fn an_unknown_file_or_document_is_not_found() {
    let app = plain();
    for path in [
        "/ui/assets/none.js",
        "/docs/none",
        "/docs/..%2f..%2fCargo",
        "/web/index.html",
    ] {
        assert_eq!(get(&app, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn jellyfin_web_takes_the_root_where_it_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("index.html"),
        "<title>jellyfin-web</title>",
    )
    .unwrap();
    std::fs::write(folder.path().join("Main.JS"), "1").unwrap();
    let app = router(&WebSettings {
        jellyfin_web_dir: Some(folder.path().to_owned()),
        ..WebSettings::default()
    });
    let (status, headers, _) = get(&app, "/").await;
    assert_eq!(status, StatusCode::FOUND);
    assert_eq!(headers[header::LOCATION], "web/");
    let (status, headers, page) = get(&app, "/web/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("jellyfin-web"));
    assert!(!headers.contains_key(header::CONTENT_SECURITY_POLICY));
    assert_eq!(get(&app, "/web/Main.JS").await.0, StatusCode::OK);
    assert_eq!(
        get(&app, "/web/../Cargo.toml").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(get(&app, "/graphiql").await.0, StatusCode::OK);
}

#[test]
fn headings_can_be_linked_to_and_dead_links_lead_nowhere() {
    let text = "# A *small* page\n\n## Two words, `code`\n\n[in](#two-words-code) [out](https://example.org/) [gone](src/main.rs)";
    let page = docs::render(
        "<link href=\"./x.css\">__MANYFIN_TITLE__|__MANYFIN_TEXT__",
        "adr/page",
        docs::sample("docs/adr/page.md", text),
    );
    assert!(
        page.starts_with("<link href=\"../../x.css\">A small page|"),
        "{page}"
    );
    assert!(page.contains("<h2 id=\"two-words-code\">"), "{page}");
    assert!(page.contains("href=\"#two-words-code\""), "{page}");
    assert!(page.contains("href=\"https://example.org/\""), "{page}");
    assert!(page.contains("href=\"\""), "{page}");
}
