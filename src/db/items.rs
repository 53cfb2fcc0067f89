//! Which ids items have and had. These rows outlive copies and servers.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{former_items, item_aliases, item_copies, items};
use super::{Db, DbError};
use crate::model::PublicId;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = items)]
pub struct ItemRow {
    pub id: String,
    /// The public id of the copy that it was first seen as.
    pub founder: String,
    pub created_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = item_copies)]
struct ItemCopyRow {
    copy_public_id: String,
    item_id: String,
}

#[derive(Insertable)]
#[diesel(table_name = former_items)]
struct FormerItemRow {
    copy_public_id: String,
    item_id: String,
}

#[derive(Insertable)]
#[diesel(table_name = item_aliases)]
struct ItemAliasRow {
    alias: String,
    item_id: String,
}

/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<ItemRow>, DbError> {
    with_conn!(db, |conn| items::table
        .select(ItemRow::as_select())
        .load(conn)
        .await)
}

/// Every (copy, item).
///
/// # Errors
/// When the database fails.
pub async fn copies(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    with_conn!(db, |conn| item_copies::table
        .select((item_copies::copy_public_id, item_copies::item_id))
        .load(conn)
        .await)
}

/// Every (copy, item that it was part of before).
///
/// # Errors
/// When the database fails.
pub async fn former(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    with_conn!(db, |conn| former_items::table
        .order((former_items::copy_public_id, former_items::item_id))
        .select((former_items::copy_public_id, former_items::item_id))
        .load(conn)
        .await)
}

/// Every (former id, item).
///
/// # Errors
/// When the database fails.
pub async fn aliases(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    with_conn!(db, |conn| item_aliases::table
        .select((item_aliases::alias, item_aliases::item_id))
        .load(conn)
        .await)
}

/// What there is to remember of ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewIds<'a> {
    /// New items: id, founder.
    pub items: &'a [(PublicId, PublicId)],
    /// Where copies belong: copy, item.
    pub copies: &'a [(PublicId, PublicId)],
    /// Where they belonged before: copy, item.
    pub former: &'a [(PublicId, PublicId)],
    /// Items that became part of another one: id, item.
    pub aliases: &'a [(PublicId, PublicId)],
}

/// Remembers, all or nothing.
///
/// # Errors
/// When the database fails.
pub async fn remember(db: &Db, new: NewIds<'_>, at: i64) -> Result<(), DbError> {
    let row = |(id, founder): &(PublicId, PublicId)| ItemRow {
        id: id.to_string(),
        founder: founder.to_string(),
        created_at: at,
    };
    let new_items: Vec<ItemRow> = new.items.iter().map(row).collect();
    let row = |(copy, item): &(PublicId, PublicId)| ItemCopyRow {
        copy_public_id: copy.to_string(),
        item_id: item.to_string(),
    };
    let new_copies: Vec<ItemCopyRow> = new.copies.iter().map(row).collect();
    let row = |(copy, item): &(PublicId, PublicId)| FormerItemRow {
        copy_public_id: copy.to_string(),
        item_id: item.to_string(),
    };
    let new_former: Vec<FormerItemRow> = new.former.iter().map(row).collect();
    let row = |(alias, item): &(PublicId, PublicId)| ItemAliasRow {
        alias: alias.to_string(),
        item_id: item.to_string(),
    };
    let new_aliases: Vec<ItemAliasRow> = new.aliases.iter().map(row).collect();
    // One row a statement: diesel has no batches for SQLite over an async connection.
    with_tx!(db, |conn| {
        for row in &new_items {
            diesel::insert_into(items::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            diesel::delete(item_aliases::table.find(&row.id))
                .execute(conn)
                .await?;
        }
        for row in &new_copies {
            diesel::insert_into(item_copies::table)
                .values(row)
                .on_conflict(item_copies::copy_public_id)
                .do_update()
                .set(item_copies::item_id.eq(&row.item_id))
                .execute(conn)
                .await?;
        }
        for row in &new_former {
            diesel::insert_into(former_items::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        for row in &new_aliases {
            diesel::insert_into(item_aliases::table)
                .values(row)
                .on_conflict(item_aliases::alias)
                .do_update()
                .set(item_aliases::item_id.eq(&row.item_id))
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}
