//! What others' code may say, whatever the filter asks for. At their lowest levels the libraries that read
//! and write connections and speak to the database print what passes through them: passwords and tokens.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};

/// The first part of their targets.
const CARRIERS: &[&str] = &[
    "axum",
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "reqwest",
    "rustls",
    "tokio_postgres",
    "tokio_rustls",
    "tokio_tungstenite",
    "tungstenite",
];

/// Lets through all but what carriers say below `info`.
pub(super) fn cap() -> FilterFn {
    filter_fn(is_fit)
}

fn is_fit(said: &Metadata<'_>) -> bool {
    let target = said.target();
    let whose = target.split("::").next().unwrap_or(target);
    *said.level() <= Level::INFO || !CARRIERS.contains(&whose)
}
