//! Users, their devices, and their accounts on servers.

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};

use super::node::NodeId;
use super::{Server, SourcePolicy};
use crate::accounts::{self, LinkInfo, LinkInfoState};
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs::cost;
use crate::graphql::scalars::Json;
use crate::model::PublicId;

/// Who looks at a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    Callers,
    Own,
}

/// See the GraphQL type.
#[derive(Debug, Clone)]
pub struct User(pub accounts::User, Eyes);

impl User {
    /// A user that the caller may see: oneself, or anyone for administrators.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`; when the database fails.
    pub async fn find(ctx: &Context<'_>, id: PublicId) -> GraphResult<Option<Self>> {
        let viewer = ctx.viewer()?;
        if !viewer.is_administrator && viewer.user_id != id {
            return Ok(None);
        }
        Ok(ctx.services()?.accounts.user(id).await?.map(Self::new))
    }

    /// A user who must exist.
    ///
    /// # Errors
    /// As [`User::find`]; `NOT_FOUND`.
    pub async fn get(ctx: &Context<'_>, id: PublicId) -> GraphResult<Self> {
        let found = Self::find(ctx, id).await?;
        found.ok_or_else(|| GraphError::not_found("user"))
    }

    /// Oneself or an administrator; others learn the name alone.
    fn known(&self, ctx: &Context<'_>) -> bool {
        self.1 == Eyes::Own
            || ctx
                .viewer()
                .is_ok_and(|viewer| viewer.is_administrator || viewer.user_id == self.0.id)
    }

    pub fn new(user: accounts::User) -> Self {
        Self(user, Eyes::Callers)
    }

    /// The user who just signed in: the request itself came from nobody yet.
    pub fn signed_in(user: accounts::User) -> Self {
        Self(user, Eyes::Own)
    }
}

/// A user of Manyfin.
#[Object]
impl User {
    /// The id by which every client knows the user.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What the user is called and signs in by.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether the user may change everything.
    async fn is_administrator(&self) -> bool {
        self.0.is_administrator
    }

    /// Whether the user may not sign in.
    async fn is_disabled(&self) -> bool {
        self.0.is_disabled
    }

    /// Whether a password of Manyfin's own opens the account.
    async fn has_password(&self) -> bool {
        self.0.has_password
    }

    /// Made by signing in with a server's account.
    async fn is_made_by_sign_in(&self) -> bool {
        self.0.made_by_sign_in
    }

    /// When the user was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the user last signed in; for the user and administrators.
    async fn last_login_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.0.last_login_at.filter(|_| self.known(ctx))
    }

    /// When the user was last here; for the user and administrators.
    async fn last_activity_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.0.last_activity_at.filter(|_| self.known(ctx))
    }

    /// Jellyfin's `UserConfiguration`; empty for others than the user and administrators.
    async fn settings(&self, ctx: &Context<'_>) -> Json {
        if self.known(ctx) {
            Json::from_value(&self.0.settings)
        } else {
            Json::from_text("{}")
        }
    }

    /// Which copy plays first for the user, whatever the libraries say; null: as they say. For the user
    /// and administrators.
    async fn source_policy(&self, ctx: &Context<'_>) -> Option<SourcePolicy> {
        let own = self.0.source_policy.filter(|_| self.known(ctx));
        own.map(Into::into)
    }

    /// The user's accounts on servers; for the user and administrators.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn links(&self, ctx: &Context<'_>) -> GraphResult<Vec<Link>> {
        let accounts = &ctx.services()?.accounts;
        let links = accounts.links(&ctx.actor()?, self.0.id).await?;
        Ok(links.into_iter().map(Link).collect())
    }

    /// The user's signed-in devices, the latest used first; for the user and administrators.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn sessions(&self, ctx: &Context<'_>) -> GraphResult<Vec<super::Session>> {
        let accounts = &ctx.services()?.accounts;
        let sessions = accounts.sessions(&ctx.actor()?, Some(self.0.id)).await?;
        Ok(sessions.into_iter().map(super::Session::new).collect())
    }
}

/// What a link's server said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LinkState {
    /// It takes the account.
    Active,
    /// It was not reached yet.
    Pending,
    /// It refuses the account: nothing of it is seen there.
    Refused,
}

/// See the GraphQL type.
#[derive(Debug, Clone)]
pub struct Link(pub LinkInfo);

/// A user's account on a server.
#[Object]
impl Link {
    /// Its id for `node` and for mutations.
    pub async fn id(&self) -> ID {
        NodeId::Link(self.0.id).into()
    }

    /// Whose it is.
    async fn user(&self, ctx: &Context<'_>) -> GraphResult<User> {
        User::get(ctx, self.0.user_id).await
    }

    /// Where it is.
    async fn server(&self, ctx: &Context<'_>) -> GraphResult<Server> {
        let services = ctx.services()?;
        let known = services.catalog.registry().get(self.0.server_id);
        let name = known.map(|server| server.name()).unwrap_or_default();
        Ok(Server::named(services, self.0.server_id, name))
    }

    /// The account's name there.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// What its server said last.
    async fn state(&self) -> LinkState {
        match self.0.state {
            LinkInfoState::Active => LinkState::Active,
            LinkInfoState::Pending => LinkState::Pending,
            LinkInfoState::Refused { .. } => LinkState::Refused,
        }
    }

    /// Why it is refused, for people.
    async fn reason(&self) -> Option<&str> {
        match &self.0.state {
            LinkInfoState::Refused { reason } => Some(reason),
            _ => None,
        }
    }

    /// Whether the account signs its user in here.
    async fn signs_in(&self) -> bool {
        self.0.sign_in
    }

    /// Whether several users are linked to the account: then what they watch stays here.
    async fn is_shared(&self) -> bool {
        self.0.shared
    }
}

/// A link of the caller's own.
///
/// # Errors
/// `UNAUTHENTICATED`; when the database fails.
pub async fn find_link(ctx: &Context<'_>, row: i64) -> GraphResult<Option<Link>> {
    let user = ctx.viewer()?.user_id;
    let links = ctx.services()?.accounts.links(&ctx.actor()?, user).await?;
    Ok(links.into_iter().find(|link| link.id == row).map(Link))
}
