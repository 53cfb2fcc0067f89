//! `manyfin serve`.

use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::apply::apply;
use super::{App, AppError, Tuning};
use crate::accounts::FirstStart;
use crate::config::Config;
use crate::model::Secret;
use crate::server::discovery::{self, Announcement};

/// Serves until a signal says stop. What the configuration declares is applied first.
///
/// # Errors
/// When the database, the key file or the address cannot be used.
pub async fn serve(config: &Config) -> Result<(), AppError> {
    let app = App::start(config, Tuning::default()).await?;
    // Before the first start is looked at: the file may declare the administrator.
    if config.declares_anything() {
        declare(&app, config).await;
    }
    let password = config
        .admin_password
        .as_ref()
        .map(|password| Secret::new(password.expose()));
    match app.accounts.first_start(password).await? {
        FirstStart::Done => {}
        FirstStart::Made(user) => println!("Administrator `{}` was made.", user.name),
        FirstStart::Token(token) => {
            println!(
                "There is no administrator yet. Set-up token, shown once: {}",
                token.expose()
            );
            println!("Use it in the mutation `completeSetup` at /graphiql.");
        }
    }
    let listener = TcpListener::bind(config.bind)
        .await
        .map_err(|reason| AppError::Bind {
            address: config.bind,
            reason,
        })?;
    let _discovery = announce(&app, config).await;
    if config.allow_delete {
        tracing::warn!("`allow_delete` is set, but deleting through Manyfin is not offered yet");
    }
    tracing::info!(address = %config.bind, "listening on http://{}", config.bind);
    app.serve(listener, shutdown_signal()).await;
    app.stop().await;
    Ok(())
}

/// Tells apps on the home network where the gateway is, until it is dropped.
async fn announce(app: &App, config: &Config) -> Option<AbortOnDropHandle<()>> {
    if !config.discovery {
        return None;
    }
    let told = Announcement {
        id: app.accounts.server_id().to_string(),
        name: super::NAME.to_owned(),
        public_url: super::public_url(config),
        bind: config.bind,
    };
    let started = discovery::start(discovery::listen_at(config.bind), told).await;
    started.map(|(_, task)| AbortOnDropHandle::new(task))
}

/// Brings about what the file declares. What cannot be is told, and hinders nobody from watching.
async fn declare(app: &App, config: &Config) {
    let changes = match apply(&app.accounts, config, false).await {
        Ok(changes) => changes,
        Err(error) => {
            tracing::error!(%error, "not everything that the file declares could be done: {error}");
            error.changes
        }
    };
    for change in changes {
        tracing::info!("{change}");
    }
}

/// Resolves on Ctrl-C or SIGTERM.
pub async fn shutdown_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard: {error}");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
