//! The caller, other users, and signed-in devices.

use async_graphql::{Context, ID, Object};

use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{self, cost};
use crate::graphql::types::{Server, Session, User};

/// See the GraphQL type.
pub struct Viewer(User);

/// The caller.
#[Object]
impl Viewer {
    /// The caller's id as a user.
    async fn id(&self) -> ID {
        self.0.0.id.to_string().into()
    }

    /// What the caller is called.
    async fn name(&self) -> &str {
        &self.0.0.name
    }

    /// Whether the caller may change everything.
    async fn is_administrator(&self) -> bool {
        self.0.0.is_administrator
    }

    /// The caller as a user: settings, links, sessions.
    async fn user(&self) -> User {
        self.0.clone()
    }

    /// The device by which this request comes.
    async fn session(&self, ctx: &Context<'_>) -> GraphResult<Option<Session>> {
        let id = ctx.viewer()?.session.id;
        let found = ctx.services()?.accounts.session(id).await?;
        Ok(found.map(Session::new))
    }

    /// The servers that the caller is linked to, and how they are.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn servers(&self, ctx: &Context<'_>) -> GraphResult<Vec<Server>> {
        super::administration::linked_servers(ctx)
    }
}

#[derive(Default)]
pub struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// The caller.
    async fn viewer(&self, ctx: &Context<'_>) -> GraphResult<Viewer> {
        let id = ctx.viewer()?.user_id;
        Ok(Viewer(User::get(ctx, id).await?))
    }

    /// Administrators: every user, by name. Others: themselves.
    #[graphql(complexity = "cost(20, child_complexity)")]
    async fn users(&self, ctx: &Context<'_>) -> GraphResult<Vec<User>> {
        let viewer = ctx.viewer()?;
        if !viewer.is_administrator {
            return Ok(vec![User::get(ctx, viewer.user_id).await?]);
        }
        let users = ctx.services()?.accounts.users().await?;
        Ok(users.into_iter().map(User::new).collect())
    }

    /// A user; null for those who may not see that user.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<User>> {
        User::find(ctx, inputs::id("id", &id)?).await
    }

    /// Users whom a sign-in page may show; nobody, unless the configuration says `public_users`.
    #[graphql(complexity = "cost(20, child_complexity)")]
    async fn public_users(&self, ctx: &Context<'_>) -> GraphResult<Vec<User>> {
        let services = ctx.services()?;
        if !services.public_users {
            return Ok(Vec::new());
        }
        let users = services.accounts.users().await?.into_iter();
        Ok(users
            .filter(|user| !user.is_disabled)
            .map(User::new)
            .collect())
    }

    /// The caller's signed-in devices; with `all`, for administrators, everybody's.
    #[graphql(complexity = "cost(20, child_complexity)")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = false)] all: bool,
    ) -> GraphResult<Vec<Session>> {
        let viewer = ctx.viewer()?;
        let of = (!(all && viewer.is_administrator)).then_some(viewer.user_id);
        let accounts = &ctx.services()?.accounts;
        let sessions = accounts.sessions(&ctx.actor()?, of).await?;
        Ok(sessions.into_iter().map(Session::new).collect())
    }

    /// Whether nobody is an administrator yet, so that one is to be made with the set-up token.
    async fn needs_setup(&self, ctx: &Context<'_>) -> GraphResult<bool> {
        Ok(ctx.services()?.accounts.needs_setup().await?)
    }
}
