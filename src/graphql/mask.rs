//! The last look at errors before they leave: codes in, causes out.

use std::fmt::Write as _;

use async_graphql::{ErrorExtensionValues, ServerError};

use super::error::{Code, GraphError};

/// Longest message that goes out, in characters: a query or a value is never echoed whole.
const LONGEST_MESSAGE: usize = 300;

/// Gives every error its code; what is our own fault is logged and leaves only the request id.
pub fn mask(errors: &mut [ServerError], request_id: &str) {
    for error in errors {
        mask_one(error, request_id);
    }
}

/// A [`GraphError`] that arose before execution, ready to leave.
pub fn masked(error: GraphError, request_id: &str) -> ServerError {
    let mut error = async_graphql::Error::from(error).into_server_error(Default::default());
    error.locations.clear();
    mask_one(&mut error, request_id);
    error
}

fn mask_one(error: &mut ServerError, request_id: &str) {
    let known = error.source::<GraphError>().cloned();
    let foreign = error.source.is_some() && known.is_none();
    let mut extensions = error.extensions.take().unwrap_or_default();
    match known {
        Some(known) if known.code != Code::Internal => describe(&known, &mut extensions),
        Some(known) => {
            hide(error, &mut extensions, &chain(&known), request_id);
        }
        None if foreign => {
            let cause = error.message.clone();
            hide(error, &mut extensions, &cause, request_id);
        }
        None if extensions.get("code").is_some() => {}
        None => {
            let code = if error.path.is_empty() {
                Code::ValidationFailed
            } else {
                Code::BadInput
            };
            extensions.set("code", code.as_str());
        }
    }
    error.source = None;
    error.message = shortened(&error.message);
    error.extensions = Some(extensions);
}

fn describe(known: &GraphError, extensions: &mut ErrorExtensionValues) {
    extensions.set("code", known.code.as_str());
    for (key, value) in [
        ("field", &known.field),
        ("allowed", &known.allowed),
        ("reason", &known.reason),
    ] {
        if let Some(value) = value {
            extensions.set(key, value.as_str());
        }
    }
}

fn hide(
    error: &mut ServerError,
    extensions: &mut ErrorExtensionValues,
    cause: &str,
    request_id: &str,
) {
    tracing::error!(request_id, path = ?error.path, cause, "a GraphQL field failed");
    error.message = format!("something went wrong here; the log has it under {request_id}");
    extensions.set("code", Code::Internal.as_str());
    extensions.set("requestId", request_id);
}

fn chain(error: &GraphError) -> String {
    let mut text = error.message.clone();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}

/// The first characters of a text, with an ellipsis where it was cut.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: &ServerError) -> String {
        error
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get("code"))
            .map(|code| code.to_string().replace('"', ""))
            .unwrap_or_default()
    }

    #[test]
    fn a_cause_stays_inside() {
        let cause = std::io::Error::other("postgres://user:password@host/");
        let error = masked(GraphError::internal(cause), "r1");
        assert_eq!(code(&error), "INTERNAL");
        let text = serde_json::to_string(&error).unwrap();
        assert!(text.contains("r1") && !text.contains("postgres"), "{text}");
    }

    #[test]
    fn an_unknown_source_is_hidden_too() {
        let mut error =
            async_graphql::Error::new_with_source("secret").into_server_error(Default::default());
        mask_one(&mut error, "r2");
        assert_eq!(code(&error), "INTERNAL");
        assert!(!error.message.contains("secret"));
    }

    #[test]
    fn what_the_caller_can_mend_is_told() {
        let error = masked(GraphError::bad_input("first", "-1", "0 to 1000"), "r3");
        assert_eq!(code(&error), "BAD_INPUT");
        let text = serde_json::to_string(&error).unwrap();
        assert!(text.contains("0 to 1000"), "{text}");
    }

    #[test]
    fn what_a_field_refuses_without_a_word_of_ours_is_bad_input() {
        let mut error = ServerError::new("Failed to parse \"Int\"", None);
        error.path = vec![async_graphql::PathSegment::Field("first".to_owned())];
        mask_one(&mut error, "r5");
        assert_eq!(code(&error), "BAD_INPUT");
    }

    #[test]
    fn long_messages_are_cut() {
        let mut error = ServerError::new("é".repeat(5000), None);
        mask_one(&mut error, "r4");
        assert_eq!(error.message.chars().count(), LONGEST_MESSAGE + 1);
        assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED");
    }
}
