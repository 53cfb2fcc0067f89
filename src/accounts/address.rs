//! Where a server is and whom to trust there: as people type it, as it is kept, as it is used.

use url::Url;

use super::AccountsError;
use crate::db::DbError;
use crate::db::servers::ServerRow;
use crate::error::InvalidInput;
use crate::jellyfin::{ServerSpec, TlsTrust};

/// Reads an address as people type it.
///
/// # Errors
/// When it is none that a server can have.
pub fn read_url(text: &str) -> Result<Url, InvalidInput> {
    let wrong = |problem: &str| {
        let allowed = "http:// or https://, a host, and perhaps a port and a path";
        InvalidInput::new("url", problem, allowed)
    };
    let mut url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is not an http address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    let path = url.path().trim_end_matches('/');
    // What a browser's address bar shows of Jellyfin's own client.
    let path = path.strip_suffix("/index.html").unwrap_or(path);
    let path = path.strip_suffix("/web").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

pub(super) fn tls_of(row: &ServerRow) -> Result<TlsTrust, AccountsError> {
    let text = row.tls_fingerprint.as_ref().or(row.ca_pem.as_ref());
    let text = text.map_or("", String::as_str);
    text.parse()
        .map_err(|_| DbError::Damaged("a server's certificate".into()).into())
}

/// `ca_pem` and `tls_fingerprint`.
pub(super) fn tls_columns(tls: &TlsTrust) -> (Option<String>, Option<String>) {
    match tls {
        TlsTrust::System => (None, None),
        TlsTrust::Authority(pem) => (Some(pem.clone()), None),
        TlsTrust::Fingerprint(_) => (None, Some(tls.to_string())),
    }
}

/// A row as the registry takes it.
pub(super) fn spec(row: &ServerRow) -> Result<ServerSpec, AccountsError> {
    Ok(ServerSpec {
        id: row.id,
        key: row
            .server_key
            .parse()
            .map_err(|_| DbError::Damaged("a server's key".into()))?,
        name: row.name.clone(),
        base_url: row
            .url
            .parse()
            .map_err(|_| DbError::Damaged("a server's address".into()))?,
        tls: tls_of(row)?,
    })
}
