//! Who may call what: the table decides, for every route.

use std::collections::BTreeSet;

use super::*;

/// A path with something in every brace.
fn example(route: &Route) -> String {
    route
        .path
        .split('/')
        .map(|part| match part {
            "{userId}" => ALICE,
            part if part.ends_with("Id}") => "aeececf56199007eaa4009c41e3aa7aa",
            part if part.starts_with('{') => "1",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn verb(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Delete => "DELETE",
    }
}

fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().flat_map(|family| family.iter())
}

#[test]
fn routes_are_told_apart_and_in_lower_case() {
    let mut seen = BTreeSet::new();
    for route in routes() {
        let shape: String = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "/*" } else { "/_" }.to_owned() + part)
            .collect();
        assert!(seen.insert((verb(route), shape)), "{} twice", route.path);
        for part in route.path.split('/').filter(|part| !part.starts_with('{')) {
            assert_eq!(part, part.to_ascii_lowercase(), "{}", route.path);
        }
        assert!(
            paths::normalize(route.path).is_none_or(|path| path.contains('{')),
            "{} would not be reached",
            route.path
        );
    }
}

/// What may be asked before signing in. Whoever adds a route here says so on purpose.
const OPEN: &[&str] = &[
    "/branding/configuration",
    "/branding/css",
    "/branding/css.css",
    "/branding/splashscreen",
    "/getutctime",
    "/quickconnect/connect",
    "/quickconnect/enabled",
    "/quickconnect/initiate",
    "/socket",
    "/system/info/public",
    "/system/ping",
    "/users/authenticatebyname",
    "/users/authenticatewithquickconnect",
    "/users/forgotpassword",
    "/users/forgotpassword/pin",
    "/users/public",
];

#[test]
fn what_is_open_is_listed() {
    let open: BTreeSet<_> = routes()
        .filter(|route| route.access == Access::Nobody)
        .map(|route| route.path)
        .collect();
    assert_eq!(open, OPEN.iter().copied().collect());
}

#[tokio::test]
async fn callers_are_held_to_the_table() {
    let stage = Stage::new(|_, _| Err("INTERNAL"));
    for route in routes() {
        let path = example(route);
        let mut got = Vec::new();
        for token in ["", "stolen-token", "alice-token", "admin-token"] {
            got.push(stage.call(verb(route), &path, token, None).await.0);
        }
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED];
        match route.access {
            Access::Nobody => {}
            Access::User => {
                assert_eq!(got[..2], refused, "{path}");
                assert_ne!(got[2], StatusCode::UNAUTHORIZED, "{path}");
            }
            Access::Administrator => {
                assert_eq!(got[..2], refused, "{path}");
                assert_eq!(got[2], StatusCode::FORBIDDEN, "{path}");
                assert_ne!(got[3], StatusCode::FORBIDDEN, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_acts_for_another() {
    let stage = Stage::new(|_, _| Err("INTERNAL"));
    for route in
        routes().filter(|route| route.path.contains("{userId}/") && route.access != Access::Nobody)
    {
        let path = example(route).replace(ALICE, ADMIN);
        let body = (route.verb == Verb::Post).then(|| "{}".to_owned());
        let (status, _) = stage.call(verb(route), &path, "alice-token", body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/UserViews", "/Items", "/Shows/NextUp", "/UserItems/Resume"] {
        let (status, text) = stage.get(&format!("{path}?UserID={ADMIN}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(text, "Error processing request.");
    }
    assert!(stage.asked().is_empty());
}
