//! Playing: which copy, and what players report.

use async_graphql::{Context, Enum, ID, Object};
use serde_json::Value;

use crate::catalog::playback::Asked;
use crate::catalog::watch;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::scalars::Json;
use crate::model::PublicId;

/// What a player reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "watch::PlaybackEvent")]
pub enum PlaybackEvent {
    /// It begins.
    Started,
    /// It goes on, pauses or seeks.
    Progress,
    /// It stopped.
    Stopped,
    /// It lives.
    Ping,
}

#[derive(Default)]
pub struct PlaybackMutation;

#[Object]
impl PlaybackMutation {
    /// How an item can be played (Jellyfin's `PlaybackInfoResponse`): every available copy as a
    /// version, the one that plays best first. What is told stays so for the caller's device until
    /// it asks again.
    async fn playback_info(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "Jellyfin's `PlaybackInfoDto`.")] request: Json,
    ) -> GraphResult<Json> {
        let Value::Object(request) = request.parsed()? else {
            return Err(GraphError::bad_input(
                "request",
                "no object",
                "a JSON object",
            ));
        };
        let asked = asked(ctx, inputs::id("id", &id)?, &request)?;
        let catalog = &ctx.services()?.catalog;
        let scope = catalog.scope(ctx.viewer()?).await?;
        Json::of_body(&catalog.playback_info(&scope, &asked, &request).await?)
    }

    /// Takes what a player reports (Jellyfin's `PlaybackStartInfo`, `PlaybackProgressInfo`,
    /// `PlaybackStopInfo`). A report about what the caller does not see is taken and changes nothing.
    async fn report_playback(
        &self,
        ctx: &Context<'_>,
        event: PlaybackEvent,
        report: Json,
    ) -> GraphResult<bool> {
        let Value::Object(report) = report.parsed()? else {
            return Err(GraphError::bad_input(
                "report",
                "no object",
                "a JSON object",
            ));
        };
        let catalog = &ctx.services()?.catalog;
        let scope = catalog.scope(ctx.viewer()?).await?;
        catalog.report(&scope, event.into(), &report).await?;
        Ok(true)
    }
}

fn asked(
    ctx: &Context<'_>,
    id: PublicId,
    request: &serde_json::Map<String, Value>,
) -> GraphResult<Asked> {
    let media_source_id = request
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("MediaSourceId"))
        .and_then(|(_, value)| value.as_str()?.parse().ok());
    let device = &ctx.viewer()?.session.device_id;
    Ok(Asked {
        id,
        media_source_id,
        device_id: Some(device.clone()).filter(|device| !device.is_empty()),
        address: ctx.caller()?.meta.client_addr,
        ..Asked::default()
    })
}
