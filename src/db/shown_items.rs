//! Which items a client address was shown, by whom it was asked: such an address may play them without a
//! token for some hours.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::shown_items;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = shown_items)]
pub struct ShownItem {
    pub user_id: String,
    pub address: String,
    /// The item's own id.
    pub item_id: String,
    /// Milliseconds since 1970.
    pub shown_at: i64,
}

/// # Errors
/// When the database fails.
pub async fn put(db: &Db, shown: &ShownItem) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(shown_items::table)
        .values(shown)
        .on_conflict((
            shown_items::address,
            shown_items::item_id,
            shown_items::user_id
        ))
        .do_update()
        .set(shown)
        .execute(conn)
        .await)
    .map(drop)
}

/// Who was shown one of these items at this address last, at this time or later.
///
/// # Errors
/// When the database fails.
pub async fn last(
    db: &Db,
    address: &str,
    item_ids: &[String],
    since: i64,
) -> Result<Option<ShownItem>, DbError> {
    with_conn!(db, |conn| shown_items::table
        .filter(shown_items::address.eq(address))
        .filter(shown_items::item_id.eq_any(item_ids))
        .filter(shown_items::shown_at.ge(since))
        .order(shown_items::shown_at.desc())
        .select(ShownItem::as_select())
        .first(conn)
        .await
        .optional())
}

/// Forgets what was shown before this time; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_before(db: &Db, time: i64) -> Result<usize, DbError> {
    with_conn!(db, |conn| diesel::delete(
        shown_items::table.filter(shown_items::shown_at.lt(time))
    )
    .execute(conn)
    .await)
}
