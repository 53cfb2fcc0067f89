//! What is playing now, by session, and what players report of it.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::Value;

use crate::catalog::playback::Asked;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::{Catalog, CatalogError};
use crate::model::PublicId;
use crate::wire::Body;

/// After this many milliseconds without a report a player is gone.
const SILENT: i64 = 5 * 60 * 1000;

/// What a player tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackEvent {
    Started,
    Progress,
    Stopped,
    Ping,
}

/// A session's player, as it last reported.
#[derive(Debug, Clone, PartialEq)]
pub struct NowPlaying {
    pub item: PublicId,
    pub media_source_id: Option<String>,
    pub play_session_id: Option<String>,
    pub position_ticks: Option<i64>,
    pub is_paused: bool,
    pub is_muted: bool,
    pub can_seek: bool,
    pub volume_level: Option<i64>,
    pub audio_stream_index: Option<i64>,
    pub subtitle_stream_index: Option<i64>,
    pub play_method: Option<String>,
    /// Milliseconds since 1970.
    pub reported_at: i64,
}

/// Players by session id.
#[derive(Default)]
pub struct Players(Mutex<HashMap<PublicId, NowPlaying>>);

impl Players {
    fn set(&self, session: PublicId, playing: NowPlaying) {
        self.0
            .lock()
            .expect("no panic while locked")
            .insert(session, playing);
    }

    fn end(&self, session: PublicId) {
        self.0
            .lock()
            .expect("no panic while locked")
            .remove(&session);
    }

    fn get(&self, session: PublicId, now: i64) -> Option<NowPlaying> {
        let mut players = self.0.lock().expect("no panic while locked");
        players.retain(|_, playing| now - playing.reported_at < SILENT);
        players.get(&session).cloned()
    }
}

impl Catalog {
    /// What a session plays now, if it does.
    pub fn now_playing(&self, session: PublicId) -> Option<NowPlaying> {
        self.players().get(session, self.clock().millis())
    }

    /// Takes a player's report (Jellyfin's `Playback…Info`, keys in Jellyfin's case). Items that are not
    /// known are passed over, as Jellyfin does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn report(
        &self,
        scope: &Scope,
        event: PlaybackEvent,
        report: &Body,
    ) -> Result<(), CatalogError> {
        let session = scope.viewer.session.id;
        let Some((entry, playing)) = self.read(scope, report).await? else {
            if event == PlaybackEvent::Stopped {
                self.players().end(session);
            }
            return Ok(());
        };
        let position = playing.position_ticks;
        match event {
            PlaybackEvent::Ping => {}
            PlaybackEvent::Started => {
                self.players().set(session, playing);
                self.playback_started(scope, &entry).await?;
            }
            PlaybackEvent::Progress => {
                self.players().set(session, playing);
                if let Some(position) = position {
                    self.playback_position(scope, &entry, position).await?;
                }
            }
            PlaybackEvent::Stopped => {
                self.players().end(session);
                let failed = report
                    .get("Failed")
                    .and_then(Value::as_bool)
                    .unwrap_or(false);
                match position {
                    _ if failed => {}
                    Some(position) => self.playback_position(scope, &entry, position).await?,
                    // A player that cannot tell played it to its end, as Jellyfin has it.
                    None => self.playback_ended(scope, &entry).await?,
                }
            }
        }
        Ok(())
    }

    /// The entry that is played, led by the copy that the player was told.
    async fn read(
        &self,
        scope: &Scope,
        report: &Body,
    ) -> Result<Option<(ItemEntry, NowPlaying)>, CatalogError> {
        let text = |field: &str| report.get(field).and_then(Value::as_str).map(str::to_owned);
        let id = |field: &str| text(field).and_then(|id| id.parse::<PublicId>().ok());
        let Some(item) = id("ItemId") else {
            return Ok(None);
        };
        let Some(Entry::Item(entry)) = scope.find(item, None) else {
            return Ok(None);
        };
        let asked = Asked {
            id: item,
            media_source_id: id("MediaSourceId"),
            ..Asked::default()
        };
        let lead = match self.choose(scope, &asked).await {
            Ok(choice) => choice.copy,
            // Its server died meanwhile: what was watched counts all the same.
            Err(CatalogError::Unavailable(_) | CatalogError::UnknownItem(_)) => entry.lead,
            Err(error) => return Err(error),
        };
        let number = |field: &str| report.get(field).and_then(Value::as_i64);
        let flag = |field: &str| report.get(field).and_then(Value::as_bool).unwrap_or(false);
        let playing = NowPlaying {
            item,
            media_source_id: text("MediaSourceId"),
            play_session_id: text("PlaySessionId"),
            position_ticks: number("PositionTicks"),
            is_paused: flag("IsPaused"),
            is_muted: flag("IsMuted"),
            can_seek: flag("CanSeek"),
            volume_level: number("VolumeLevel"),
            audio_stream_index: number("AudioStreamIndex"),
            subtitle_stream_index: number("SubtitleStreamIndex"),
            play_method: text("PlayMethod"),
            reported_at: self.clock().millis(),
        };
        Ok(Some((ItemEntry { lead, ..entry }, playing)))
    }
}
