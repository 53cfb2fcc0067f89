//! What users have watched and marked: three registers an item, each with its own time.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::user_items;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = user_items, treat_none_as_null = true)]
pub struct UserItemRow {
    pub user_id: String,
    pub item_id: String,
    pub played: bool,
    pub play_count: i32,
    pub position_ticks: i64,
    pub position_runtime_ticks: Option<i64>,
    pub last_played_at: Option<i64>,
    pub play_changed_at: i64,
    pub is_favorite: bool,
    pub favorite_changed_at: i64,
    pub likes: Option<bool>,
    pub likes_changed_at: i64,
    /// Positions on cuts of other lengths, as JSON.
    pub cuts: Option<String>,
}

/// # Errors
/// When the database fails.
pub async fn of_user(db: &Db, user_id: &str) -> Result<Vec<UserItemRow>, DbError> {
    with_conn!(db, |conn| user_items::table
        .filter(user_items::user_id.eq(user_id))
        .select(UserItemRow::as_select())
        .load(conn)
        .await)
}
