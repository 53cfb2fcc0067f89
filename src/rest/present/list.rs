//! Lists of bodies.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::raw::Raw;
use crate::rest::error::{RestError, json_response};

/// An item in an answer of the engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    pub body: Raw,
    #[serde(default)]
    pub child_count: Option<i64>,
}

/// A page in an answer of the engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub total_count: i64,
    pub bodies: Bodies,
}

/// Bodies as one JSON list, which most answers pass on as it is.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Bodies(Raw);

impl Bodies {
    pub fn of(bodies: impl Iterator<Item = Raw>) -> Self {
        let mut text = String::from("[");
        for (at, Raw(body)) in bodies.enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&body);
        }
        text.push(']');
        Self(Raw(text))
    }

    /// Each by itself.
    ///
    /// # Errors
    /// [`RestError::Internal`] when the engine answered no list.
    pub fn each(&self) -> Result<Vec<Raw>, RestError> {
        let texts: Vec<&RawValue> = serde_json::from_str(&self.0.0)
            .map_err(|error| RestError::Internal(format!("bodies: {error}")))?;
        Ok(texts
            .into_iter()
            .map(|text| Raw(text.get().to_owned()))
            .collect())
    }
}

impl Page {
    /// All there is, as one page.
    pub fn whole(nodes: Vec<Node>) -> Self {
        Self {
            total_count: nodes.len() as i64,
            bodies: Bodies::of(nodes.into_iter().map(|node| node.body)),
        }
    }

    /// Without `enableTotalRecordCount` Jellyfin tells how many items it answers.
    ///
    /// # Errors
    /// As [`Bodies::each`].
    pub fn counted(mut self, wanted: bool) -> Result<Self, RestError> {
        if !wanted {
            self.total_count = self.bodies.each()?.len() as i64;
        }
        Ok(self)
    }
}

/// `{"Items": […], "TotalRecordCount": …, "StartIndex": …}`.
pub fn page(page: Page, start: i64) -> Response {
    json_response(StatusCode::OK, page_text(page, start))
}

pub fn page_text(page: Page, start: i64) -> String {
    format!(
        "{{\"Items\":{},\"TotalRecordCount\":{},\"StartIndex\":{start}}}",
        page.bodies.0.0, page.total_count
    )
}

/// `[…]`.
pub fn array(bodies: impl Iterator<Item = Raw>) -> Response {
    json_response(StatusCode::OK, Bodies::of(bodies).0.0)
}
