//! Users of Manyfin. For administrators.

use async_graphql::{Context, ID, Object};

use crate::accounts::NewUser;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs;
use crate::graphql::types::User;
use crate::model::Secret;

#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a user. Without a password, none opens it.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        name: String,
        password: Option<String>,
        #[graphql(default = false)] is_administrator: bool,
    ) -> GraphResult<User> {
        let user = NewUser {
            name,
            password: password.map(Secret::new),
            is_administrator,
            config_key: None,
        };
        let accounts = &ctx.services()?.accounts;
        Ok(User::new(accounts.create_user(&ctx.actor()?, user).await?))
    }

    /// Gives a user another name.
    async fn rename_user(&self, ctx: &Context<'_>, id: ID, name: String) -> GraphResult<User> {
        let id = inputs::id("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        Ok(User::new(
            accounts.rename_user(&ctx.actor()?, id, &name).await?,
        ))
    }

    /// Makes a user an administrator, or no longer one; the last one stays one.
    async fn set_administrator(
        &self,
        ctx: &Context<'_>,
        id: ID,
        is_administrator: bool,
    ) -> GraphResult<User> {
        let id = inputs::id("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        let user = accounts
            .set_administrator(&ctx.actor()?, id, is_administrator)
            .await?;
        Ok(User::new(user))
    }

    /// Keeps a user from signing in, or lets them again.
    async fn set_user_disabled(
        &self,
        ctx: &Context<'_>,
        id: ID,
        is_disabled: bool,
    ) -> GraphResult<User> {
        let id = inputs::id("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        let user = accounts
            .set_disabled(&ctx.actor()?, id, is_disabled)
            .await?;
        Ok(User::new(user))
    }

    /// Deletes a user with links, sessions, libraries of their own and what they watched.
    async fn delete_user(&self, ctx: &Context<'_>, id: ID) -> GraphResult<bool> {
        let id = inputs::id("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        accounts.delete_user(&ctx.actor()?, id).await?;
        Ok(true)
    }
}
