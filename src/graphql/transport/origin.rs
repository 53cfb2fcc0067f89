//! GraphQL is closed to pages of other origins: a browser tells the origin, and it must be ours.

use axum::http::{HeaderMap, Uri, header};
use url::{Host, Url};

/// Whether a request may come in: it names no origin (no browser, or our own page's GET), or ours.
pub fn allowed(headers: &HeaderMap, uri: &Uri, public_url: Option<&Url>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else {
        return false;
    };
    if public_url.is_some_and(|public| public.origin() == origin.origin()) {
        return true;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|authority| authority.as_str()));
    // Another name that leads here may be anybody's, who made it lead here for their page.
    if public_url.is_some_and(|public| !is_ours(&origin, public)) {
        return false;
    }
    // The scheme that the browser used is not known behind a proxy; the name and the port are.
    host.and_then(|host| Url::parse(&format!("{}://{host}/", origin.scheme())).ok())
        .is_some_and(|own| own.host() == origin.host() && own.port() == origin.port())
}

/// Whether only we can be meant: our public name, this machine's, or a bare address.
fn is_ours(origin: &Url, public: &Url) -> bool {
    match origin.host() {
        Some(Host::Domain(name)) => {
            public.host_str() == Some(name) || name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, host: &str, public: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        let public = public.map(|text| Url::parse(text).unwrap());
        allowed(&headers, &Uri::from_static("/graphql"), public.as_ref())
    }

    #[test]
    fn a_name_that_was_made_to_lead_here_is_not_ours() {
        let public = Some("https://films.example.org/media");
        assert!(!check("http://evil.example", "evil.example", public));
        assert!(check("http://localhost:8096", "localhost:8096", public));
        assert!(check("http://192.0.2.7:8096", "192.0.2.7:8096", public));
        assert!(check("http://[::1]:8096", "[::1]:8096", public));
        assert!(check(
            "http://films.example.org:81",
            "films.example.org:81",
            public
        ));
        // Without a public name any may be ours.
        assert!(check("http://nas:8096", "nas:8096", None));
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        assert!(allowed(&HeaderMap::new(), &Uri::from_static("/"), None));
        assert!(check("http://127.0.0.1:8096", "127.0.0.1:8096", None));
        assert!(check("https://films.example", "films.example", None));
        assert!(check(
            "https://films.example.org",
            "backend:8096",
            Some("https://films.example.org/media")
        ));
        assert!(!check("http://evil.example", "127.0.0.1:8096", None));
        assert!(!check("http://127.0.0.1:9000", "127.0.0.1:8096", None));
        assert!(!check("null", "127.0.0.1:8096", None));
    }
}
