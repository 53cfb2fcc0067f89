//! Which media type an answer takes, by GraphQL-over-HTTP.

use axum::http::{HeaderMap, HeaderValue, header};

/// The two forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `application/graphql-response+json`: the status tells of errors in the request.
    GraphqlResponse,
    /// `application/json`: a well-formed request is answered 200, whatever is in it.
    Json,
}

impl Answer {
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

/// What the caller accepts most; `None` when nothing that we write.
pub fn negotiate(headers: &HeaderMap) -> Option<Answer> {
    let ranges = media_ranges(headers);
    if ranges.is_empty() {
        return Some(Answer::Json);
    }
    let mut best: Option<(Answer, f32)> = None;
    for (range, weight) in ranges {
        let answer = match range.as_str() {
            "application/graphql-response+json" => Answer::GraphqlResponse,
            "application/json" | "application/*" | "*/*" => Answer::Json,
            _ => continue,
        };
        if weight > 0.0 && best.is_none_or(|(_, known)| weight > known) {
            best = Some((answer, weight));
        }
    }
    best.map(|(answer, _)| answer)
}

/// Whether the caller takes a stream of events.
pub fn takes_events(headers: &HeaderMap) -> bool {
    let ranges = media_ranges(headers);
    ranges.is_empty()
        || ranges.iter().any(|(range, weight)| {
            *weight > 0.0 && matches!(range.as_str(), "text/event-stream" | "text/*" | "*/*")
        })
}

/// The type of a request's body, without its parameters, lower case.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let name = text.split(';').next().unwrap_or_default();
    Some(name.trim().to_ascii_lowercase())
}

fn media_ranges(headers: &HeaderMap) -> Vec<(String, f32)> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| {
            let mut parts = range.split(';');
            let name = parts.next()?.trim().to_ascii_lowercase();
            let weight = parts
                .filter_map(|part| part.trim().strip_prefix("q="))
                .find_map(|q| q.trim().parse().ok())
                .unwrap_or(1.0);
            (!name.is_empty()).then_some((name, weight))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str) -> Option<Answer> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        negotiate(&headers)
    }

    #[test]
    fn the_most_wanted_form_wins() {
        assert_eq!(negotiate(&HeaderMap::new()), Some(Answer::Json));
        assert_eq!(of("*/*"), Some(Answer::Json));
        assert_eq!(
            of("application/graphql-response+json, application/json;q=0.9"),
            Some(Answer::GraphqlResponse)
        );
        assert_eq!(
            of("application/graphql-response+json;q=0.5, application/json"),
            Some(Answer::Json)
        );
        assert_eq!(of("application/json, multipart/mixed"), Some(Answer::Json));
        assert_eq!(of("text/html"), None);
        assert_eq!(of("application/json;q=0"), None);
    }
}
