//! Accounts on servers: a person links their own, an administrator anybody's.

use async_graphql::{Context, ID, InputObject, Object, OneofObject};

use crate::accounts::Credentials;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs;
use crate::graphql::types::{Link, NodeId};
use crate::model::Secret;

/// A name and its password on a server.
#[derive(Debug, Clone, InputObject)]
pub struct PasswordInput {
    /// The account's name there.
    pub username: String,
    /// Its password there; may be empty.
    pub password: String,
}

/// How to get in on a server.
#[derive(Debug, Clone, OneofObject)]
pub enum CredentialsInput {
    /// By name and password.
    Password(PasswordInput),
    /// By a token of a user; not an API key.
    Token(String),
}

impl From<CredentialsInput> for Credentials {
    fn from(credentials: CredentialsInput) -> Self {
        match credentials {
            CredentialsInput::Password(password) => Self::Password {
                username: password.username,
                password: Secret::new(password.password),
            },
            CredentialsInput::Token(token) => Self::Token(Secret::new(token)),
        }
    }
}

#[derive(Default)]
pub struct LinkMutation;

#[Object]
impl LinkMutation {
    /// Links a user (without `userId`: the caller) to an account on a server, or renews the link.
    /// The server is asked at once.
    async fn link_account(
        &self,
        ctx: &Context<'_>,
        server_id: ID,
        credentials: CredentialsInput,
        user_id: Option<ID>,
        #[graphql(default = false, desc = "Whether the account signs its user in here.")]
        signs_in: bool,
    ) -> GraphResult<Link> {
        let server = NodeId::server("serverId", &server_id)?;
        let user = match user_id {
            Some(user) => inputs::id("userId", &user)?,
            None => ctx.viewer()?.user_id,
        };
        let accounts = &ctx.services()?.accounts;
        let link = accounts
            .link_account(&ctx.actor()?, user, server, credentials.into(), signs_in)
            .await?;
        Ok(Link(link))
    }

    /// Lets a link's account sign its user in here, or no longer.
    async fn set_link_signs_in(
        &self,
        ctx: &Context<'_>,
        id: ID,
        signs_in: bool,
    ) -> GraphResult<Link> {
        let link = NodeId::link("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        let link = accounts
            .set_link_sign_in(&ctx.actor()?, link, signs_in)
            .await?;
        Ok(Link(link))
    }

    /// Ends a link: its user sees nothing of that server by it any more.
    async fn unlink_account(&self, ctx: &Context<'_>, id: ID) -> GraphResult<bool> {
        let link = NodeId::link("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        accounts.unlink(&ctx.actor()?, link).await?;
        Ok(true)
    }
}
