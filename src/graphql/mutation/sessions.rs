//! Signing in and out.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::accounts::{Device, SignIn, SignedIn};
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::types::{Session, User};
use crate::model::Secret;

/// What a client says about itself.
#[derive(Debug, Clone, InputObject)]
pub struct DeviceInput {
    /// The client's name.
    pub client: String,
    /// What people call the device.
    pub device_name: String,
    /// What the client calls the device; a new session on it ends the user's older one there.
    pub device_id: String,
    /// The client's version.
    pub version: String,
}

impl From<DeviceInput> for Device {
    fn from(device: DeviceInput) -> Self {
        Self {
            id: device.device_id,
            name: device.device_name,
            client: device.client,
            version: device.version,
        }
    }
}

/// A fresh session.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// What opens everything from now on; told this once.
    pub token: String,
    /// Who signed in.
    pub user: User,
    /// The device that was signed in.
    pub session: Session,
}

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in by name and password: Manyfin's own, or those of an account of a server that may
    /// sign in here (then also `name@server`).
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        username: String,
        password: String,
        device: DeviceInput,
    ) -> GraphResult<SignInPayload> {
        let wish = SignIn {
            username,
            password: Secret::new(password),
            device: device.into(),
            address: ctx.caller()?.meta.client_addr,
        };
        let signed_in = ctx.services()?.accounts.sign_in(wish).await?;
        payload(ctx, signed_in).await
    }

    /// Makes the first administrator, for who has the token that was shown on the terminal.
    async fn complete_setup(
        &self,
        ctx: &Context<'_>,
        token: String,
        name: String,
        password: String,
    ) -> GraphResult<User> {
        let accounts = &ctx.services()?.accounts;
        let address = ctx.caller()?.meta.client_addr;
        let made = accounts
            .complete_setup(&Secret::new(token), &name, Secret::new(password), address)
            .await?;
        Ok(User::new(made))
    }

    /// Ends the session by which this request comes.
    async fn sign_out(&self, ctx: &Context<'_>) -> GraphResult<bool> {
        let session = ctx.viewer()?.session.id;
        let accounts = &ctx.services()?.accounts;
        Ok(accounts.sign_out(&ctx.actor()?, session).await?)
    }

    /// Ends a session of the caller's, or anybody's for administrators; false when there is none.
    async fn sign_out_session(&self, ctx: &Context<'_>, id: ID) -> GraphResult<bool> {
        let id = inputs::id("id", &id)?;
        let accounts = &ctx.services()?.accounts;
        Ok(accounts.sign_out(&ctx.actor()?, id).await?)
    }
}

async fn payload(ctx: &Context<'_>, signed_in: SignedIn) -> GraphResult<SignInPayload> {
    let accounts = &ctx.services()?.accounts;
    let viewer = &signed_in.viewer;
    // Either can be taken away meanwhile.
    let user = accounts.user(viewer.user_id).await?;
    let user = user.ok_or_else(GraphError::unauthenticated)?;
    let session = accounts.session(viewer.session.id).await?;
    let session = session.ok_or_else(GraphError::unauthenticated)?;
    Ok(SignInPayload {
        token: signed_in.token.expose().to_owned(),
        user: User::signed_in(user),
        session: Session::new(session),
    })
}
