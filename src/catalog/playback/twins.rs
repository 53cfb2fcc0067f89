//! Versions that are the same bytes. When the server of a running film dies, the player goes on from
//! such a one in the middle of the file; any other would be two halves of two files.
//!
//! Versions of one item that are of equal size are compared as soon as one of them is played: a digest
//! of some parts of each file is kept in the database, and holds as long as size and ETag do.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue, RANGE};
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::Choice;
use crate::catalog::scope::Scope;
use crate::catalog::{Catalog, CatalogError};
use crate::db::byte_prints::{self, BytePrint};
use crate::jellyfin::{Account, Made, UpstreamError};
use crate::model::PublicId;

/// How many parts of a file are looked at, from its first byte to its last.
const PARTS: u64 = 8;
/// Bytes of each part.
const PART: u64 = 32 * 1024;
/// Files that are looked at together.
const AT_ONCE: usize = 2;
/// Versions of an item that are looked at.
const MOST: usize = 6;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is being looked at.
pub struct Sampling {
    slots: Arc<Semaphore>,
    under_way: Arc<Mutex<HashSet<PublicId>>>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            under_way: Arc::default(),
        }
    }
}

/// A version with what its print holds for.
struct Version {
    choice: Choice,
    size: u64,
    etag: Option<String>,
}

impl Version {
    fn fits(&self, print: &BytePrint) -> bool {
        u64::try_from(print.size) == Ok(self.size) && print.etag == self.etag
    }
}

impl Catalog {
    /// This version and those of the same item and size that the viewer sees on other servers, at most
    /// [`MOST`]; none when there is no other.
    fn of_equal_size(&self, scope: &Scope, version: PublicId) -> Option<(Version, Vec<Version>)> {
        let snapshot = scope.snapshot();
        let own = self.sized(scope, self.version(scope, version)?)?;
        let item = snapshot.item(snapshot.item_of(own.choice.copy));
        let mut others = Vec::new();
        for copy in item
            .copies
            .iter()
            .filter(|copy| scope.projection.sees(**copy))
        {
            let copy = snapshot.copy(*copy);
            let key = snapshot.server_of(copy).key;
            for source in copy.light.media_sources() {
                let Some(id) = source.id.id() else { continue };
                let id = self.ids().copy(key, id);
                let other = self.version(scope, id).and_then(|it| self.sized(scope, it));
                others.extend(other.filter(|other| {
                    other.size == own.size && other.choice.server.id != own.choice.server.id
                }));
            }
        }
        others.truncate(MOST);
        (!others.is_empty()).then_some((own, others))
    }

    fn sized(&self, scope: &Scope, choice: Choice) -> Option<Version> {
        let mut sources = scope.snapshot().copy(choice.copy).light.media_sources();
        let source = sources.find(|source| source.id.id() == Some(choice.source))?;
        let size = u64::try_from(source.size?).ok().filter(|size| *size > 0)?;
        Some(Version {
            size,
            etag: source.etag.map(String::from),
            choice,
        })
    }

    /// An available version that is the same bytes as this one, as far as was seen while both were up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn twin_of(
        &self,
        scope: &Scope,
        version: PublicId,
    ) -> Result<Option<Choice>, CatalogError> {
        let Some((own, others)) = self.of_equal_size(scope, version) else {
            return Ok(None);
        };
        let ids = others.iter().chain([&own]);
        let ids: Vec<String> = ids.map(|one| one.choice.public.to_string()).collect();
        let prints = byte_prints::of(self.db(), &ids).await?;
        let print = |of: &Version| {
            let id = of.choice.public.to_string();
            let found = prints.iter().find(|print| print.version_id == id);
            found
                .filter(|print| of.fits(print))
                .map(|print| &print.print)
        };
        let Some(wanted) = print(&own) else {
            return Ok(None);
        };
        let twin = others
            .iter()
            .find(|other| self.is_available(&other.choice) && print(other) == Some(wanted));
        Ok(twin.map(|twin| twin.choice.clone()))
    }

    /// A version is played: looks, in the background, which others are the same bytes.
    pub fn look_for_twins(&self, scope: &Scope, version: PublicId) {
        let Some((own, others)) = self.of_equal_size(scope, version) else {
            return;
        };
        let begun = {
            let under_way = &self.sampling().under_way;
            let mut under_way = under_way.lock().expect("no panic while locked");
            under_way.insert(version)
        };
        if !begun {
            return;
        }
        let all = others.into_iter().chain([own]);
        let all: Vec<(Version, Account)> = all
            .filter_map(|one| {
                let link = scope.viewer.link_to(one.choice.server.id)?;
                Some((one, link.account.clone()))
            })
            .collect();
        let catalog = self.clone();
        tokio::spawn(async move {
            for (one, account) in &all {
                if let Err(error) = catalog.take_print(one, account).await {
                    tracing::debug!(server = one.choice.server.id, %error, "a file was not compared");
                }
            }
            let under_way = &catalog.sampling().under_way;
            under_way
                .lock()
                .expect("no panic while locked")
                .remove(&version);
        });
    }

    async fn take_print(&self, of: &Version, account: &Account) -> Result<(), CatalogError> {
        let id = of.choice.public.to_string();
        let known = byte_prints::of(self.db(), std::slice::from_ref(&id)).await?;
        if known.iter().any(|print| of.fits(print)) || !self.is_available(&of.choice) {
            return Ok(());
        }
        let slots = self.sampling().slots.clone();
        let _slot = slots.acquire_owned().await.expect("it is never closed");
        let sampled = tokio::time::timeout(PATIENCE, sample(of, account)).await;
        let print = sampled.unwrap_or(Err(UpstreamError::Timeout))?;
        let print = BytePrint {
            version_id: id,
            size: i64::try_from(of.size).unwrap_or(i64::MAX),
            etag: of.etag.clone(),
            print,
            taken_at: self.clock().millis(),
        };
        Ok(byte_prints::put(self.db(), &print).await?)
    }
}

/// Reads the parts; gives their digest.
async fn sample(of: &Version, account: &Account) -> Result<String, UpstreamError> {
    let path = format!("/Videos/{}/stream", of.choice.source);
    let query = [
        ("static", "true".to_owned()),
        ("mediaSourceId", of.choice.source.to_string()),
    ];
    let mut digest = Sha256::new();
    let length = PART.min(of.size);
    for part in 0..PARTS {
        let start = (of.size - length) / (PARTS - 1) * part;
        let range = format!("bytes={start}-{}", start + length - 1);
        let mut headers = HeaderMap::new();
        let range = HeaderValue::from_str(&range).expect("digits and a dash");
        headers.insert(RANGE, range);
        let server = &of.choice.server;
        let mut answer = server
            .open(
                Some(account),
                Made::LiesThere,
                Method::GET,
                &path,
                &query,
                headers,
            )
            .await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            return Err(malformed("it gives no parts of a file"));
        }
        let mut read = 0;
        while let Some(chunk) = answer.chunk().await.map_err(|_| UpstreamError::Timeout)? {
            read += chunk.len() as u64;
            if read > length {
                break;
            }
            digest.update(&chunk);
        }
        if read != length {
            return Err(malformed("a part has another length"));
        }
    }
    Ok(hex::encode(digest.finalize()))
}

fn malformed(reason: &str) -> UpstreamError {
    UpstreamError::Malformed {
        reason: reason.to_owned(),
    }
}
