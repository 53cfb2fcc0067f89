//! The routes of the real router, read off it, so that none can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;

/// Every (method, path) that the router answers to; `ANY` where it takes all methods. axum tells them
/// in its `Debug` form alone; a test holds that this can still be read.
pub fn of(router: &Router) -> BTreeSet<(String, String)> {
    let text = format!("{router:?}");
    // What is answered to anything else stands behind it.
    let text = text.split(", fallback_router:").next().unwrap_or_default();
    let (routes, paths) = text
        .split_once("node: Node { paths: {")
        .expect("the paths are told");
    let paths: BTreeMap<&str, &str> = entries(paths)
        .map(|(id, rest)| (id, quoted(rest)))
        .collect();
    let mut found = BTreeSet::new();
    for (id, rest) in entries(routes) {
        let path = paths[id].to_owned();
        for method in methods(rest) {
            found.insert((method.to_owned(), path.clone()));
        }
    }
    found
}

/// `RouteId(7): …` up to the next one.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split("RouteId(").skip(1);
    parts.filter_map(|part| part.split_once("): "))
}

fn quoted(text: &str) -> &str {
    text.split('"').nth(1).expect("a path in quotes")
}

fn methods(text: &str) -> Vec<&str> {
    let Some((_, allowed)) = text.split_once("allow_header: ") else {
        // A service, such as a folder of files.
        return vec!["ANY"];
    };
    match allowed.strip_prefix("Bytes(b\"") {
        Some(list) => {
            let list = list.split('"').next().expect("it ends in a quote");
            list.split(',').filter(|method| *method != "HEAD").collect()
        }
        None => vec!["ANY"],
    }
}

#[test]
fn a_router_can_be_read() {
    let get = axum::routing::get(|| async {});
    let router: Router = Router::new()
        .route("/one/{id}", get.clone().post(|| async {}))
        .route("/two", axum::routing::any(|| async {}))
        .merge(Router::new().route("/three", axum::routing::delete(|| async {})))
        .layer(tower_http::limit::RequestBodyLimitLayer::new(1));
    let found: Vec<String> = of(&router)
        .into_iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let told = [
        "ANY /two",
        "DELETE /three",
        "GET /one/{id}",
        "POST /one/{id}",
    ];
    assert_eq!(found, told);
}
