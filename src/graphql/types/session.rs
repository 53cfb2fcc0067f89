//! Signed-in devices.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::{Item, User};
use crate::accounts;
use crate::catalog::watch;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::scalars::{Json, Long};

/// See the GraphQL type.
#[derive(Debug, Clone)]
pub struct Session(accounts::Session);

impl Session {
    pub fn new(session: accounts::Session) -> Self {
        Self(session)
    }
}

/// A signed-in device.
#[Object]
impl Session {
    /// Its id.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Whose it is.
    async fn user(&self, ctx: &Context<'_>) -> GraphResult<User> {
        let found = ctx.services()?.accounts.user(self.0.user_id).await?;
        found
            .map(User::new)
            .ok_or_else(|| GraphError::not_found("user"))
    }

    /// What the client calls the device.
    async fn device_id(&self) -> &str {
        &self.0.device_id
    }

    /// What people call the device.
    async fn device_name(&self) -> &str {
        &self.0.device_name
    }

    /// The client.
    async fn client(&self) -> &str {
        &self.0.client
    }

    /// The client's version.
    async fn client_version(&self) -> &str {
        &self.0.version
    }

    /// Where it was last used from.
    async fn remote_address(&self) -> Option<&str> {
        self.0.remote_address.as_deref()
    }

    /// When it was signed in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last used, to the minute.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.0.last_seen_at
    }

    /// Whether this request comes by it.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer()
            .is_ok_and(|viewer| viewer.session.id == self.0.id)
    }

    /// What it plays at the moment.
    async fn now_playing(&self, ctx: &Context<'_>) -> GraphResult<Option<NowPlaying>> {
        let services = ctx.services()?;
        let playing = services.catalog.now_playing(self.0.id);
        Ok(playing.map(NowPlaying))
    }

    /// Jellyfin's `ClientCapabilities`, as the client told them.
    async fn capabilities(&self) -> Option<Json> {
        self.0.capabilities.as_ref().map(Json::from_value)
    }
}

/// See the GraphQL type.
pub struct NowPlaying(watch::NowPlaying);

/// What a device plays, as it told last.
#[Object]
impl NowPlaying {
    /// The item, if the caller may see it.
    async fn item(&self, ctx: &Context<'_>) -> GraphResult<Option<Item>> {
        let scope = scope(ctx).await?;
        let entry = scope.find(self.0.item, None);
        Ok(entry.map(|entry| Item::new(scope, entry)))
    }

    /// Where it is, in ticks of 100 ns.
    async fn position_ticks(&self) -> Option<Long> {
        self.0.position_ticks.map(Long)
    }

    /// Whether it stands still.
    async fn is_paused(&self) -> bool {
        self.0.is_paused
    }

    /// Which version.
    async fn media_source_id(&self) -> Option<&str> {
        self.0.media_source_id.as_deref()
    }

    /// `DirectPlay`, `DirectStream` or `Transcode`.
    async fn play_method(&self) -> Option<&str> {
        self.0.play_method.as_deref()
    }

    /// Which sound track.
    async fn audio_stream_index(&self) -> Option<i32> {
        short(self.0.audio_stream_index)
    }

    /// Which subtitles; -1 is none.
    async fn subtitle_stream_index(&self) -> Option<i32> {
        short(self.0.subtitle_stream_index)
    }

    /// Whether it is silenced.
    async fn is_muted(&self) -> bool {
        self.0.is_muted
    }

    /// 0 to 100.
    async fn volume_level(&self) -> Option<i32> {
        short(self.0.volume_level)
    }
}

fn short(number: Option<i64>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number).ok())
}
