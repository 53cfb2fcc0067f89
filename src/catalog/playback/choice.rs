//! Which copy an id means when it is played. What a device was told stays so until it is told anew;
//! else the copy that the id names, else the best available one.

use std::net::IpAddr;
use std::sync::Arc;

use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::{CopyIx, Target};
use crate::catalog::{Catalog, CatalogError};
use crate::db::play_choices::{self, PlayChoice};
use crate::jellyfin::Server;
use crate::model::{PublicId, UpstreamId};

/// What a player asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The id in the path: of an item or a copy.
    pub id: PublicId,
    /// The version, which goes before the id.
    pub media_source_id: Option<PublicId>,
    pub device_id: Option<String>,
    pub address: Option<IpAddr>,
    /// Versions that will not do, nor others of their copies: they were tried just now.
    pub except: Vec<PublicId>,
}

/// The copy that is played.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Of an extra: the copy that it hangs on.
    pub copy: CopyIx,
    /// What is asked for on its server, which may have several versions.
    pub item: UpstreamId,
    /// The version's id on its server.
    pub source: UpstreamId,
    /// The version's public id.
    pub public: PublicId,
    pub server: Arc<Server>,
}

/// Whose choices these are: a user's device, or the address of a client that says nothing of itself.
pub fn device_key(
    user: PublicId,
    device_id: Option<&str>,
    address: Option<IpAddr>,
) -> Option<String> {
    match (device_id, address) {
        (Some(device), _) => Some(format!("{user}/{device}")),
        (None, Some(address)) => Some(format!("{user}@{address}")),
        (None, None) => None,
    }
}

impl Catalog {
    /// # Errors
    /// `UnknownItem` for what the viewer does not see; `Unavailable` when no server that has it answers.
    pub async fn choose(&self, scope: &Scope, asked: &Asked) -> Result<Choice, CatalogError> {
        let entry = playable(scope, asked.id).or_else(|| playable(scope, asked.media_source_id?));
        let Some(entry) = entry else {
            return self.choose_extra(scope, asked).await;
        };
        let told = self.told(scope, asked).await?;
        let named = asked.media_source_id.into_iter().chain([asked.id]);
        let candidates = told
            .into_iter()
            .chain(named.filter(|id| is_copy(scope, *id)));
        self.best(scope, asked, &entry, candidates)
    }

    /// The available copies of an item, in the order in which they are offered for playing; where there is
    /// none, those that failed just now, and may be well again.
    pub fn offered(&self, scope: &Scope, entry: &ItemEntry) -> Vec<Choice> {
        let (well, failed): (Vec<_>, Vec<_>) = self
            .all_of(scope, entry)
            .filter(|choice| self.may_be_asked(choice))
            .partition(|choice| self.is_available(choice));
        if well.is_empty() { failed } else { well }
    }

    fn all_of(&self, scope: &Scope, entry: &ItemEntry) -> impl Iterator<Item = Choice> {
        let order = scope.playing_order(entry).into_iter();
        order.filter_map(|copy| self.version(scope, scope.snapshot().copy(copy).id))
    }

    /// The first of these versions of the item that is available, else the first of all its copies; where none
    /// is, in the same order, one that failed just now.
    fn best(
        &self,
        scope: &Scope,
        asked: &Asked,
        entry: &ItemEntry,
        candidates: impl Iterator<Item = PublicId>,
    ) -> Result<Choice, CatalogError> {
        let mut failed = None;
        let named = candidates
            .filter_map(|id| self.version(scope, id))
            // An id of another item is no version of this one.
            .filter(|choice| scope.snapshot().item_of(choice.copy) == entry.item);
        let all = named.chain(self.all_of(scope, entry));
        let except = asked.except.iter();
        let except: Vec<CopyIx> = except
            .filter_map(|id| Some(self.version(scope, *id)?.copy))
            .collect();
        for choice in all.filter(|choice| !except.contains(&choice.copy)) {
            if self.is_available(&choice) {
                return Ok(choice);
            }
            if failed.is_none() && self.may_be_asked(&choice) {
                failed = Some(choice);
            }
        }
        failed.ok_or(CatalogError::Unavailable(asked.id))
    }

    /// The server that a version or an extra lies on; none for what the viewer does not see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn server_with(
        &self,
        scope: &Scope,
        id: PublicId,
    ) -> Result<Option<i64>, CatalogError> {
        if let Some(choice) = self.version(scope, id) {
            return Ok(Some(choice.server.id));
        }
        Ok(self.extra(scope, id).await?.map(|extra| extra.server_id))
    }

    /// A version that failed just now, where nothing else will do.
    pub fn worth_another_try(&self, scope: &Scope, version: PublicId) -> Option<Choice> {
        let choice = self.version(scope, version)?;
        self.may_be_asked(&choice).then_some(choice)
    }

    /// The copy that a `PlaybackInfo` for this version is about: the copy that the id names; for an
    /// item's id the copy that was shown under it last, else the one that details show first.
    pub(super) async fn picked(
        &self,
        scope: &Scope,
        asked: &Asked,
        entry: &ItemEntry,
        id: PublicId,
    ) -> Result<Choice, CatalogError> {
        let mut candidates: Vec<PublicId> = Some(id)
            .filter(|id| is_copy(scope, *id))
            .into_iter()
            .collect();
        let own_device = Asked {
            device_id: None,
            address: None,
            ..asked.clone()
        };
        for key in keys(scope, &own_device) {
            let row = play_choices::get(self.db(), &key, &id.to_string()).await?;
            // Without a session the id was not shown: another version was played by this path.
            let shown = row.filter(|row| row.play_session_id.is_some());
            candidates.extend(shown.and_then(|row| row.copy_public_id.parse::<PublicId>().ok()));
        }
        self.best(scope, asked, entry, candidates.into_iter())
    }

    /// Remembers what a device was told: each id and the version that it means.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(
        &self,
        scope: &Scope,
        asked: &Asked,
        told: &[(PublicId, PublicId)],
        play_session_id: Option<&str>,
    ) -> Result<(), CatalogError> {
        let keys = keys(scope, asked);
        let rows: Vec<PlayChoice> = keys
            .iter()
            .flat_map(|key| {
                told.iter().map(move |(id, copy)| PlayChoice {
                    device_key: key.clone(),
                    asked_id: id.to_string(),
                    copy_public_id: copy.to_string(),
                    play_session_id: play_session_id.map(str::to_owned),
                    created_at: self.clock().millis(),
                })
            })
            .collect();
        Ok(play_choices::put(self.db(), &rows).await?)
    }

    async fn told(&self, scope: &Scope, asked: &Asked) -> Result<Option<PublicId>, CatalogError> {
        for key in keys(scope, asked) {
            for id in asked.media_source_id.into_iter().chain([asked.id]) {
                if let Some(choice) = play_choices::get(self.db(), &key, &id.to_string()).await? {
                    return Ok(choice.copy_public_id.parse().ok());
                }
            }
        }
        Ok(None)
    }

    /// Whether a copy is worth asking for: its server was not asked yet or answers, and the copy itself could be
    /// read, as far as is known.
    pub(in crate::catalog) fn is_available(&self, choice: &Choice) -> bool {
        choice.server.is_available() && !self.stalled().holds(choice.public)
    }

    /// Whether it may be asked for where no other will do: it does not keep anybody waiting.
    pub(in crate::catalog) fn may_be_asked(&self, choice: &Choice) -> bool {
        choice.server.is_available() && !self.stalled().keeps_waiting(choice.public)
    }

    /// The visible copy or version with this public id.
    pub(super) fn version(&self, scope: &Scope, id: PublicId) -> Option<Choice> {
        let snapshot = scope.snapshot();
        let Some(Target::Copy(ix)) = snapshot.target(id) else {
            return None;
        };
        if !scope.projection.sees(ix) {
            return None;
        }
        let copy = snapshot.copy(ix);
        let entry = snapshot.server_of(copy);
        let server = self.registry().get(entry.id)?;
        let sources = copy
            .light
            .media_sources()
            .filter_map(|source| source.id.id());
        let source = sources
            .into_iter()
            .find(|source: &UpstreamId| self.ids().copy(entry.key, *source) == id)
            .unwrap_or(copy.upstream_id());
        Some(Choice {
            copy: ix,
            item: copy.upstream_id(),
            source,
            public: id,
            server,
        })
    }
}

/// The session's device where the caller has one, and the address for what comes without a token.
fn keys(scope: &Scope, asked: &Asked) -> Vec<String> {
    let user = scope.viewer.user_id;
    let device = asked
        .device_id
        .as_deref()
        .or(Some(scope.viewer.session.device_id.as_str()));
    let device = device.filter(|device| !device.is_empty());
    let by_device = device.and_then(|device| device_key(user, Some(device), None));
    by_device
        .into_iter()
        .chain(device_key(user, None, asked.address))
        .collect()
}

fn is_copy(scope: &Scope, id: PublicId) -> bool {
    matches!(scope.snapshot().target(id), Some(Target::Copy(_)))
}

fn playable(scope: &Scope, id: PublicId) -> Option<ItemEntry> {
    match scope.find(id, None)? {
        Entry::Item(entry) => Some(entry),
        _ => None,
    }
}
