//! Languages, countries and ratings: the same on every Jellyfin server, so they are data here.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::StatusCode;
use serde_json::value::RawValue;

use super::error::{RestError, json_response};
use super::route::{Answer, Ask, Route, routes};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/localization/cultures" User cultures;
    Get "/localization/countries" User countries;
    Get "/localization/parentalratings" User ratings;
    Get "/localization/options" User options;
};

/// JSON texts by name, compressed with zstd.
static PACKED: &[u8] = include_bytes!("data/localization.json.zst");

#[derive(serde::Deserialize)]
struct Tables {
    cultures: Box<RawValue>,
    countries: Box<RawValue>,
    ratings: Box<RawValue>,
    options: Box<RawValue>,
}

static TABLES: LazyLock<Option<Tables>> = LazyLock::new(|| {
    let text = zstd::decode_all(PACKED).ok()?;
    serde_json::from_slice(&text).ok()
});

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Culture {
    display_name: String,
    #[serde(rename = "ThreeLetterISOLanguageNames", default)]
    codes: Vec<String>,
}

/// English names of languages by their three-letter codes.
static LANGUAGES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let cultures: Vec<Culture> = TABLES
        .as_ref()
        .and_then(|tables| serde_json::from_str(tables.cultures.get()).ok())
        .unwrap_or_default();
    let named = cultures.into_iter().flat_map(|culture| {
        let name = culture.display_name;
        culture
            .codes
            .into_iter()
            .map(move |code| (code, name.clone()))
    });
    named.collect()
});

/// `English (eng)`; a code that is not known stands by itself.
pub(super) fn language(code: &str) -> String {
    match LANGUAGES.get(code) {
        None if code == "und" => "Undetermined (und)".to_owned(),
        Some(name) => format!("{name} ({code})"),
        None => code.to_owned(),
    }
}

fn table(choose: impl Fn(&Tables) -> &RawValue) -> Answer {
    let tables = TABLES
        .as_ref()
        .ok_or_else(|| RestError::Internal("the localization tables do not unpack".to_owned()))?;
    Ok(json_response(
        StatusCode::OK,
        choose(tables).get().to_owned(),
    ))
}

async fn cultures(_: Ask) -> Answer {
    table(|tables| &tables.cultures)
}

async fn countries(_: Ask) -> Answer {
    table(|tables| &tables.countries)
}

async fn ratings(_: Ask) -> Answer {
    table(|tables| &tables.ratings)
}

async fn options(_: Ask) -> Answer {
    table(|tables| &tables.options)
}
