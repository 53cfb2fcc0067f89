//! What clients store: their settings, and a user's.

use async_graphql::{Context, ID, Object};

use crate::accounts::settings;
use crate::db;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::scalars::Json;
use crate::graphql::types::{SourcePolicy, User};
use crate::model::Secret;

/// Longest name under which a client stores settings, in bytes.
const LONGEST_NAME: usize = 128;

#[derive(Default)]
pub struct PreferencesMutation;

#[Object]
impl PreferencesMutation {
    /// Stores a client's settings whole (Jellyfin's `DisplayPreferencesDto`).
    async fn save_display_preferences(
        &self,
        ctx: &Context<'_>,
        id: String,
        client: String,
        body: Json,
    ) -> GraphResult<bool> {
        for (field, name) in [("id", &id), ("client", &client)] {
            if name.len() > LONGEST_NAME {
                let allowed = format!("up to {LONGEST_NAME} bytes");
                return Err(GraphError::bad_input(field, "too long", allowed));
            }
        }
        let text = settings::stored("body", &body.parsed()?)?;
        let user = ctx.viewer()?.user_id.to_string();
        let db = ctx.services()?.catalog.db();
        db::display_preferences::put(db, &user, &client, &id, &text).await?;
        Ok(true)
    }

    /// Tells what the caller's client can do (Jellyfin's `ClientCapabilitiesDto`).
    async fn set_capabilities(&self, ctx: &Context<'_>, body: Json) -> GraphResult<bool> {
        let session = ctx.viewer()?.session.id;
        let accounts = &ctx.services()?.accounts;
        accounts.set_capabilities(session, &body.parsed()?).await?;
        Ok(true)
    }

    /// Stores a user's settings whole (Jellyfin's `UserConfiguration`).
    async fn update_settings(
        &self,
        ctx: &Context<'_>,
        user_id: ID,
        body: Json,
    ) -> GraphResult<bool> {
        let id = inputs::id("userId", &user_id)?;
        let accounts = &ctx.services()?.accounts;
        accounts
            .update_settings(&ctx.actor()?, id, &body.parsed()?)
            .await?;
        Ok(true)
    }

    /// Sets which copy plays first for a user, whatever the libraries say; null: as they say.
    async fn set_source_policy(
        &self,
        ctx: &Context<'_>,
        user_id: ID,
        policy: Option<SourcePolicy>,
    ) -> GraphResult<User> {
        let id = inputs::id("userId", &user_id)?;
        let accounts = &ctx.services()?.accounts;
        let policy = policy.map(Into::into);
        let user = accounts
            .set_source_policy(&ctx.actor()?, id, policy)
            .await?;
        Ok(User::new(user))
    }

    /// Sets a password. For oneself, the present one is needed; the user's other devices are signed out.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        user_id: ID,
        current: Option<String>,
        new: String,
    ) -> GraphResult<bool> {
        let id = inputs::id("userId", &user_id)?;
        let current = current.map(Secret::new);
        let keep = ctx.viewer()?.session.id;
        let accounts = &ctx.services()?.accounts;
        accounts
            .set_password(
                &ctx.actor()?,
                id,
                current.as_ref(),
                &Secret::new(new),
                Some(keep),
            )
            .await?;
        Ok(true)
    }
}
