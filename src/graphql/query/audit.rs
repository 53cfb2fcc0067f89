//! Who changed the configuration, by Relay's rules.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use crate::db::audit::{AuditFilter, AuditPart, AuditRow};
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs::{Paging, count};
use crate::graphql::scalars::{Json, Long};
use crate::graphql::types::{PageInfo, time};

/// Entries on a page of a caller who does not say how many.
const USUAL: usize = 50;

/// Which entries of the log are asked for; what is not said fits all.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditLogFilter {
    /// Who acted: a user's id, or `config`, `shell`, `system`.
    pub actor: Option<String>,
    /// What kind of thing was changed, such as `server`, `link`, `library`, `user`.
    pub kind: Option<String>,
    /// What was done, such as `library.create`.
    pub action: Option<String>,
    /// The thing that was changed, as `subject` tells it.
    pub subject: Option<String>,
    /// From then on.
    pub since: Option<DateTime<Utc>>,
    /// Before then.
    pub until: Option<DateTime<Utc>>,
}

/// A change of the configuration, as it happened.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct AuditEntry {
    /// Its number; later ones are higher.
    pub number: Long,
    /// When.
    pub at: DateTime<Utc>,
    /// A user's id, or what acted: `config` (the file), `shell`, `system` (Manyfin itself).
    pub actor: String,
    /// What the actor was called then.
    pub actor_name: String,
    /// What kind of thing was changed, such as `server`, `link`, `library`, `user`.
    pub kind: String,
    /// What was done, such as `library.create`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// What that was called then; empty where it has no name.
    pub subject_name: String,
    /// How it was before, without secrets.
    pub before: Option<Json>,
    /// How it is after, without secrets.
    pub after: Option<Json>,
}

#[ComplexObject]
impl AuditEntry {
    /// Its id.
    async fn id(&self) -> ID {
        format!("audit:{}", self.number.0).into()
    }
}

/// A part of the log.
pub struct AuditConnection {
    filter: AuditFilter,
    rows: Vec<AuditRow>,
    has_previous_page: bool,
    has_next_page: bool,
}

/// An entry in the log.
#[derive(SimpleObject)]
pub struct AuditEdge {
    /// Where it stands, for `after` and `before`.
    pub cursor: String,
    /// The entry.
    pub node: AuditEntry,
}

impl AuditConnection {
    /// # Errors
    /// `FORBIDDEN` for who is no administrator, `BAD_INPUT` for paging arguments that are none.
    pub async fn open(
        ctx: &Context<'_>,
        filter: AuditLogFilter,
        paging: &Paging,
    ) -> GraphResult<Self> {
        let first = count("first", paging.first, false)?;
        let last = count("last", paging.last, false)?;
        if first.is_some() && last.is_some() {
            let allowed = "one of `first` and `last`";
            return Err(GraphError::bad_input("last", "both are given", allowed));
        }
        let limit = first.or(last).unwrap_or(USUAL);
        let filter = AuditFilter {
            actor: filter.actor,
            kind: filter.kind,
            action: filter.action,
            subject: filter.subject,
            since: filter.since.map(|time| time.timestamp_millis()),
            until: filter.until.map(|time| time.timestamp_millis()),
        };
        let part = AuditPart {
            after: cursor("after", paging.after.as_deref())?,
            before: cursor("before", paging.before.as_deref())?,
            // One more tells whether there are more.
            limit: i64::try_from(limit + 1).unwrap_or(i64::MAX),
            from_end: last.is_some(),
        };
        let accounts = &ctx.services()?.accounts;
        let mut rows = accounts.audit_log(&ctx.actor()?, &filter, &part).await?;
        let more = rows.len() > limit;
        if more && part.from_end {
            rows.remove(0);
        } else if more {
            rows.pop();
        }
        Ok(Self {
            filter,
            has_previous_page: if part.from_end {
                more
            } else {
                part.after.is_some()
            },
            has_next_page: if part.from_end {
                part.before.is_some()
            } else {
                more
            },
            rows,
        })
    }
}

/// A part of the log.
#[Object]
impl AuditConnection {
    /// Entries on all pages together.
    async fn total_count(&self, ctx: &Context<'_>) -> GraphResult<i32> {
        let accounts = &ctx.services()?.accounts;
        let count = accounts.audit_count(&ctx.actor()?, &self.filter).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// The entries of this page.
    async fn nodes(&self) -> Vec<AuditEntry> {
        self.rows.iter().map(AuditEntry::from).collect()
    }

    /// The entries of this page with their cursors.
    async fn edges(&self) -> Vec<AuditEdge> {
        let edge = |row: &AuditRow| AuditEdge {
            cursor: encode(row),
            node: row.into(),
        };
        self.rows.iter().map(edge).collect()
    }

    /// What lies around this page.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous_page,
            has_next_page: self.has_next_page,
            start_cursor: self.rows.first().map(encode),
            end_cursor: self.rows.last().map(encode),
        }
    }
}

impl From<&AuditRow> for AuditEntry {
    fn from(row: &AuditRow) -> Self {
        Self {
            number: Long(row.id),
            at: time(row.at),
            actor: row.actor.clone(),
            actor_name: row.actor_name.clone(),
            kind: row.kind.clone(),
            action: row.action.clone(),
            subject: row.subject.clone(),
            subject_name: row.subject_name.clone(),
            before: row.before.clone().map(Json::from_text),
            after: row.after.clone().map(Json::from_text),
        }
    }
}

fn encode(row: &AuditRow) -> String {
    URL_SAFE_NO_PAD.encode(format!("audit:{}", row.id))
}

fn cursor(field: &str, given: Option<&str>) -> GraphResult<Option<i64>> {
    let Some(text) = given else {
        return Ok(None);
    };
    let number = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| {
        let text = String::from_utf8(bytes).ok()?;
        text.strip_prefix("audit:")?.parse().ok()
    });
    let unknown = || GraphError::bad_input(field, "no cursor of ours", "an edge's cursor");
    number.map(Some).ok_or_else(unknown)
}
