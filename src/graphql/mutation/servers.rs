//! Source servers. For administrators.

use async_graphql::{Context, ID, InputObject, Object};

use super::links::CredentialsInput;
use crate::accounts::{AddServer, ServerUpdate};
use crate::catalog::sync::CrawlKind;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::types::{NodeId, Server};
use crate::jellyfin::TlsTrust;

/// A server to add.
#[derive(Debug, Clone, InputObject)]
pub struct AddServerInput {
    /// What it is to be called.
    pub name: String,
    /// `http(s)://host[:port][/path]`.
    pub url: String,
    /// The account that crawls it.
    pub credentials: CredentialsInput,
    /// A private authority to trust for it (PEM), or the certificate itself (`sha256:…`).
    pub trust: Option<String>,
    /// Whether the caller is linked to it by that account, so as to see what it has. Default: true.
    pub link_me: Option<bool>,
    /// Even if a server that says the same id of itself is here. Default: false.
    pub force: Option<bool>,
    /// The key of a server that was here before and that this one is, where Manyfin cannot tell.
    pub take_key: Option<ID>,
}

/// What changes of a server; absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateServerInput {
    /// What it is to be called.
    pub name: Option<String>,
    /// Where the same server is now.
    pub url: Option<String>,
    /// The account that crawls it.
    pub credentials: Option<CredentialsInput>,
    /// A private authority to trust for it (PEM), the certificate itself (`sha256:…`), or nothing
    /// beyond the usual ones (an empty text).
    pub trust: Option<String>,
}

#[derive(Default)]
pub struct ServerMutation;

#[Object]
impl ServerMutation {
    /// Adds a server: asks what is at the address, signs in, and begins to crawl it.
    async fn add_server(&self, ctx: &Context<'_>, input: AddServerInput) -> GraphResult<Server> {
        let add = AddServer {
            name: input.name,
            url: input.url,
            tls: trust(input.trust.as_deref())?,
            credentials: input.credentials.into(),
            link_me: input.link_me.unwrap_or(true),
            force: input.force.unwrap_or(false),
            take_key: input
                .take_key
                .map(|key| {
                    key.parse()
                        .map_err(|_| GraphError::bad_input("takeKey", "no key", "32 hex digits"))
                })
                .transpose()?,
            config_key: None,
        };
        let services = ctx.services()?;
        let added = services.accounts.add_server(&ctx.actor()?, add).await?;
        services.catalog.store().reload_configuration().await?;
        Ok(Server::named(services, added.id, added.name))
    }

    /// Changes a server. A new address or account is tried at once; it must be the same server.
    async fn update_server(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: UpdateServerInput,
    ) -> GraphResult<Server> {
        let update = ServerUpdate {
            name: input.name,
            url: input.url,
            tls: input
                .trust
                .as_deref()
                .map(|text| trust(Some(text)))
                .transpose()?,
            credentials: input.credentials.map(Into::into),
        };
        let services = ctx.services()?;
        let row = NodeId::server("id", &id)?;
        let changed = services
            .accounts
            .update_server(&ctx.actor()?, row, update)
            .await?;
        services.catalog.store().reload_configuration().await?;
        Ok(Server::named(services, changed.id, changed.name))
    }

    /// Removes a server with its copies and links. Its ids and what was watched are kept for its return.
    async fn remove_server(&self, ctx: &Context<'_>, id: ID) -> GraphResult<bool> {
        let row = NodeId::server("id", &id)?;
        let services = ctx.services()?;
        services.accounts.remove_server(&ctx.actor()?, row).await?;
        services.catalog.store().reload_configuration().await?;
        Ok(true)
    }

    /// Asks servers what is new, now rather than in their turn: all, when none are named. With
    /// `everything` they are read anew, and what is gone is looked for; else what was saved lately. It
    /// goes on behind; `Server.crawl` and the subscription `crawlProgress` tell how far it is.
    async fn crawl_servers(
        &self,
        ctx: &Context<'_>,
        ids: Option<Vec<ID>>,
        #[graphql(default)] everything: bool,
    ) -> GraphResult<Vec<Server>> {
        ctx.administrator()?;
        let services = ctx.services()?;
        let mut known = services.catalog.registry().all();
        if let Some(ids) = ids {
            let rows = ids.iter().map(|id| NodeId::server("ids", id));
            let rows = rows.collect::<GraphResult<Vec<_>>>()?;
            if rows
                .iter()
                .any(|row| known.iter().all(|server| server.id != *row))
            {
                return Err(GraphError::not_found("server"));
            }
            known.retain(|server| rows.contains(&server.id));
        }
        let kind = match everything {
            true => CrawlKind::Full,
            false => CrawlKind::Changes,
        };
        for server in &known {
            if let Some(sync) = &services.sync {
                sync.hurry(server.id, kind);
            }
        }
        known.sort_by_key(|server| server.name());
        let servers = known.iter();
        Ok(servers
            .map(|server| Server::named(services, server.id, server.name()))
            .collect())
    }
}

fn trust(text: Option<&str>) -> GraphResult<TlsTrust> {
    text.unwrap_or_default()
        .parse()
        .map_err(|error: crate::jellyfin::ParseTrustError| {
            GraphError::bad_input("trust", error.to_string(), "PEM text or `sha256:…`")
        })
}
