//! Copies that are gone, by what they are known again when their server tells them under other ids.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{decisions, departed_copies, former_items, item_copies, items};
use super::{Db, DbError};

/// How long a copy that is gone is known again, in milliseconds.
const KEPT: i64 = 180 * 24 * 3600 * 1000;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = departed_copies, treat_none_as_null = true)]
pub struct DepartedCopy {
    pub copy_public_id: String,
    pub server_key: String,
    /// Kind and path.
    pub path: Option<String>,
    /// A JSON list: kind, provider's id and numbers of each.
    pub ids: String,
    /// Milliseconds since 1970.
    pub departed_at: i64,
}

/// A copy that is another one under a new id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewedCopy {
    pub old: String,
    pub new: String,
    /// The item that the old one was part of.
    pub item: String,
    /// What the new one was part of until now.
    pub before: Option<String>,
    /// The items that the old one founded.
    pub founded: Vec<String>,
}

/// Those of these servers.
///
/// # Errors
/// When the database fails.
pub async fn of_servers(db: &Db, server_keys: &[String]) -> Result<Vec<DepartedCopy>, DbError> {
    with_conn!(db, |conn| departed_copies::table
        .filter(departed_copies::server_key.eq_any(server_keys))
        .order(departed_copies::copy_public_id)
        .select(DepartedCopy::as_select())
        .load(conn)
        .await)
}

/// Which of these copies are kept in mind.
///
/// # Errors
/// When the database fails.
pub async fn kept_of(db: &Db, copies: &[String]) -> Result<Vec<String>, DbError> {
    with_conn!(db, |conn| departed_copies::table
        .filter(departed_copies::copy_public_id.eq_any(copies))
        .select(departed_copies::copy_public_id)
        .load(conn)
        .await)
}

/// Keeps what is gone, and forgets what was gone for long.
///
/// # Errors
/// When the database fails.
pub async fn keep(db: &Db, rows: &[DepartedCopy], now: i64) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        diesel::delete(departed_copies::table)
            .filter(departed_copies::departed_at.lt(now - KEPT))
            .execute(conn)
            .await?;
        for row in rows {
            diesel::insert_into(departed_copies::table)
                .values(row)
                .on_conflict(departed_copies::copy_public_id)
                .do_update()
                .set(row)
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}

/// Puts new copies in the places of old ones: in their items, and in what was decided by hand. All or
/// nothing.
///
/// # Errors
/// When the database fails.
pub async fn renew(db: &Db, renewed: &[RenewedCopy]) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for copy in renewed {
            let place = (
                item_copies::copy_public_id.eq(&copy.new),
                item_copies::item_id.eq(&copy.item),
            );
            diesel::insert_into(item_copies::table)
                .values(place)
                .on_conflict(item_copies::copy_public_id)
                .do_update()
                .set(item_copies::item_id.eq(&copy.item))
                .execute(conn)
                .await?;
            if let Some(before) = &copy.before {
                let former = (
                    former_items::copy_public_id.eq(&copy.new),
                    former_items::item_id.eq(before),
                );
                diesel::insert_into(former_items::table)
                    .values(former)
                    .on_conflict_do_nothing()
                    .execute(conn)
                    .await?;
            }
            diesel::update(items::table.filter(items::id.eq_any(&copy.founded)))
                .set(items::founder.eq(&copy.new))
                .execute(conn)
                .await?;
            diesel::delete(departed_copies::table.find(&copy.old))
                .execute(conn)
                .await?;
            // In place: of two decisions the later one counts, and one call undoes what one call decided.
            let standing = || decisions::table.filter(decisions::undone_at.is_null());
            diesel::update(standing().filter(decisions::left_copy.eq(&copy.old)))
                .set(decisions::left_copy.eq(&copy.new))
                .execute(conn)
                .await?;
            diesel::update(standing().filter(decisions::right_copy.eq(&copy.old)))
                .set(decisions::right_copy.eq(&copy.new))
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}
