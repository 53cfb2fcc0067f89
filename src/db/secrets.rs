//! Every sealed column at once, for a change of the key.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::connection::Topic;
use super::schema::{account_links, servers};
use super::{Db, DbError};

/// Which column something sealed is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    LinkToken,
    LinkPassword,
    ServerToken,
    ServerPassword,
}

type Sealed = Option<Vec<u8>>;

/// Replaces, in one transaction, whatever `seal` gives anew; `None` leaves it as it is.
///
/// # Errors
/// What `seal` says, nothing being replaced then.
pub async fn reseal(
    db: &Db,
    mut seal: impl FnMut(Place, &[u8]) -> Result<Option<Vec<u8>>, DbError>,
) -> Result<(), DbError> {
    let mut anew = |place, sealed: &Sealed| match sealed {
        Some(sealed) => seal(place, sealed),
        None => Ok(None),
    };
    with_tx!(db, |conn| {
        conn.serialize(Topic::Servers).await?;
        let links: Vec<(i64, Sealed, Sealed)> = account_links::table
            .select((
                account_links::id,
                account_links::token,
                account_links::password,
            ))
            .load(conn)
            .await?;
        for (id, token, password) in links {
            let token = anew(Place::LinkToken, &token)?.map(Some);
            let password = anew(Place::LinkPassword, &password)?.map(Some);
            if token.is_some() || password.is_some() {
                let change = super::links::LinkChange {
                    token,
                    password,
                    ..Default::default()
                };
                diesel::update(account_links::table.find(id))
                    .set(&change)
                    .execute(conn)
                    .await?;
            }
        }
        let rows: Vec<(i64, Sealed, Sealed)> = servers::table
            .select((servers::id, servers::crawl_token, servers::crawl_password))
            .load(conn)
            .await?;
        for (id, token, password) in rows {
            let crawl_token = anew(Place::ServerToken, &token)?.map(Some);
            let crawl_password = anew(Place::ServerPassword, &password)?.map(Some);
            if crawl_token.is_some() || crawl_password.is_some() {
                let change = super::servers::ServerChange {
                    crawl_token,
                    crawl_password,
                    ..Default::default()
                };
                diesel::update(servers::table.find(id))
                    .set(&change)
                    .execute(conn)
                    .await?;
            }
        }
        Ok(())
    })
}
