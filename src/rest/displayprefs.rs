//! Stored preferences of clients.

use serde_json::{Value, json};

use super::error::RestError;
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
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

async fn get(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.segment("displayPreferencesId"), "client": client(&ask)?});
    let mut data = ask.run(&queries::DISPLAY_PREFERENCES, variables).await?;
    Ok(present::raw(Raw::from(data.value("displayPreferences"))))
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
