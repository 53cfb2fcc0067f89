//! What can be changed.

mod decisions;
mod libraries;
mod links;
mod playback;
mod preferences;
mod servers;
mod sessions;
mod users;
mod watched;

pub use libraries::CreateMergedLibraryInput;

use async_graphql::{ID, MergedObject};

use super::caller::Ask;
use super::error::{GraphError, GraphResult};
use super::inputs;
use crate::catalog::scope::{Entry, Scope};

/// Everything that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    sessions::SessionMutation,
    watched::WatchedMutation,
    playback::PlaybackMutation,
    preferences::PreferencesMutation,
    users::UserMutation,
    links::LinkMutation,
    servers::ServerMutation,
    libraries::LibraryMutation,
    decisions::DecisionMutation,
);

/// What an id means to the caller at this moment; nothing is remembered between two mutations.
async fn found(ctx: &async_graphql::Context<'_>, id: &ID) -> GraphResult<(Scope, Entry)> {
    let id = inputs::id("id", id)?;
    let scope = ctx.services()?.catalog.scope(ctx.viewer()?).await?;
    let entry = scope
        .find(id, None)
        .ok_or_else(|| GraphError::not_found("item"))?;
    Ok((scope, entry))
}
