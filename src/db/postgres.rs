//! PostgreSQL, spoken to without libpq.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, bb8};
use futures::FutureExt;
use tokio_postgres::NoTls;

use super::DbError;

type Pool = bb8::Pool<AsyncPgConnection>;
connections!(AsyncPgConnection);

const CONNECTIONS: u32 = 16;

pub(super) async fn open(url: &str) -> Result<Connections, DbError> {
    // tokio-postgres says what is wrong with an address without repeating it.
    let mut server: tokio_postgres::Config = url
        .parse()
        .map_err(|error: tokio_postgres::Error| DbError::Url(error.to_string()))?;
    if server.get_application_name().is_none() {
        server.application_name("manyfin");
    }
    if server.get_connect_timeout().is_none() {
        server.connect_timeout(Duration::from_secs(10));
    }
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |_| {
        let server = server.clone();
        async move {
            let (client, connection) = server
                .connect(NoTls)
                .await
                .map_err(|error| diesel::ConnectionError::BadConnection(reason(&error)))?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        }
        .boxed()
    });
    // The manager keeps no address: connections come from `server`.
    let manager = AsyncDieselConnectionManager::new_with_config(String::new(), config);
    let pool = Pool::builder()
        .max_size(CONNECTIONS)
        .connection_timeout(Duration::from_secs(15))
        .build(manager)
        .await
        .map_err(|error| DbError::Open(error.to_string()))?;
    drop(
        pool.dedicated_connection()
            .await
            .map_err(|error| DbError::Open(error.to_string()))?,
    );
    Ok(Connections::Pool(pool))
}

/// "error connecting to server" alone helps nobody: say the cause too.
fn reason(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
