//! Stored preferences of clients.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::RestError;
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::model::PublicId;
use crate::wire::DisplayPreferences;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/displaypreferences/{displayPreferencesId}" User get;
    Post "/displaypreferences/{displayPreferencesId}" User save;
};

fn client(ask: &Ask) -> Result<String, RestError> {
    ask.params
        .text("client")
        .map(str::to_owned)
        .ok_or_else(|| RestError::Invalid {
            field: "client".to_owned(),
            problem: "The client field is required.".to_owned(),
        })
}

/// What Jellyfin tells of every client's settings, stored or not.
const USUAL: &[(&str, Option<&str>)] = &[
    ("chromecastVersion", Some("stable")),
    ("skipForwardLength", Some("30000")),
    ("skipBackLength", Some("10000")),
    ("enableNextVideoInfoOverlay", Some("False")),
    ("tvhome", None),
    ("dashboardTheme", None),
];

/// The document as clients know it: its id as they expect it, and no usual setting missing.
fn told(mut stored: Value, asked: &str) -> Value {
    let Some(document) = stored.as_object_mut() else {
        return stored;
    };
    document.insert("Id".to_owned(), json!(id_of(asked)));
    let prefs = document.entry("CustomPrefs").or_insert_with(|| json!({}));
    if let Some(prefs) = prefs.as_object_mut() {
        for (name, value) in USUAL {
            prefs.entry(*name).or_insert_with(|| json!(value));
        }
    }
    stored
}

/// An id stays one, in its dashed form; any other name has an id made of it.
fn id_of(asked: &str) -> String {
    if let Ok(id) = asked.parse::<PublicId>() {
        return id.dashed();
    }
    if asked == "usersettings" {
        // The one that all apps share; theirs is the MD5 of the name.
        return "3ce5b65d-e116-d731-65d1-efc4a30ec35c".to_owned();
    }
    let digest = Sha256::digest(asked.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    PublicId(uuid::Uuid::from_bytes(bytes)).dashed()
}

async fn get(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.segment("displayPreferencesId"), "client": client(&ask)?});
    let mut data = ask.run(&queries::DISPLAY_PREFERENCES, variables).await?;
    let stored = Raw::from(data.value("displayPreferences"))
        .parse()
        .map_err(|error| RestError::Internal(error.to_string()))?;
    present::json(&told(stored, ask.segment("displayPreferencesId")))
}

async fn save(ask: Ask) -> Answer {
    ask.own()?;
    let client = client(&ask)?;
    let mut body = ask.json("displayPreferences", DisplayPreferences::KEYS)?;
    if let Some(Value::Object(prefs)) = body.get_mut("CustomPrefs") {
        // Strict clients read texts: a number that another client wrote would end them.
        for value in prefs.values_mut() {
            if value.is_number() || value.is_boolean() {
                *value = Value::String(value.to_string());
            }
        }
    }
    let variables = json!({
        "id": ask.segment("displayPreferencesId"),
        "client": client,
        "body": body,
    });
    ask.run(&queries::SAVE_DISPLAY_PREFERENCES, variables)
        .await?;
    present::nothing()
}
