//! The one form of authentication that every version takes.

use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Account;

const CLIENT: &str = "Manyfin";

/// `Authorization: MediaBrowser …`, with the account's token where there is an account. Marked
/// sensitive, so that no log prints it.
pub(super) fn authorization(device_id: &str, account: Option<&Account>) -> HeaderValue {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut text = format!(
        "MediaBrowser Client=\"{CLIENT}\", Device=\"{CLIENT}\", DeviceId=\"{}\", Version=\"{}\"",
        encode(device_id),
        env!("CARGO_PKG_VERSION"),
    );
    if let Some(account) = account {
        text.push_str(&format!(", Token=\"{}\"", encode(account.token.expose())));
    }
    let mut value =
        HeaderValue::from_str(&text).expect("percent-encoded text is a valid header value");
    value.set_sensitive(true);
    value
}
