//! Lists of bodies.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::raw::Raw;
use crate::rest::error::json_response;

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
    pub nodes: Vec<Node>,
}

impl Page {
    /// Without `enableTotalRecordCount` Jellyfin tells how many items it answers.
    pub fn counted(mut self, wanted: bool) -> Self {
        if !wanted {
            self.total_count = self.nodes.len() as i64;
        }
        self
    }
}

/// `{"Items": […], "TotalRecordCount": …, "StartIndex": …}`.
pub fn page(page: Page, start: i64) -> Response {
    json_response(StatusCode::OK, page_text(page, start))
}

pub fn page_text(page: Page, start: i64) -> String {
    let mut text = String::from("{\"Items\":");
    array_into(&mut text, page.nodes.into_iter().map(|node| node.body));
    text.push_str(&format!(
        ",\"TotalRecordCount\":{},\"StartIndex\":{start}}}",
        page.total_count
    ));
    text
}

/// `[…]`.
pub fn array(bodies: impl Iterator<Item = Raw>) -> Response {
    let mut text = String::new();
    array_into(&mut text, bodies);
    json_response(StatusCode::OK, text)
}

fn array_into(text: &mut String, bodies: impl Iterator<Item = Raw>) {
    text.push('[');
    for (at, Raw(body)) in bodies.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&body);
    }
    text.push(']');
}
