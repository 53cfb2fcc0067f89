//! Reads what a snapshot is made of from the database.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::CatalogError;
use super::decisions::Standing;
use super::identity::{Founded, Remembered};
use super::scope::LinkAccess;
use super::snapshot::{CopySeed, MergedLibrary, MergedSource, ServerEntry, SourceLibrary};
use super::store::{Access, Configuration};
use crate::db::{self, Db};
use crate::model::{PublicId, UpstreamId};
use crate::wire::{LightItem, Packed};

/// Rows a read, so that a large catalog does not lie in memory twice.
const PAGE: i64 = 5_000;

/// Every copy, made into what is kept of it as it is read.
pub async fn copies<T>(
    db: &Db,
    mut keep: impl FnMut(CopySeed) -> Option<T>,
) -> Result<Vec<T>, CatalogError> {
    let mut members: HashMap<i64, Vec<UpstreamId>> = HashMap::new();
    for (copy, member) in db::snapshot::members(db).await? {
        members
            .entry(copy)
            .or_default()
            .extend(member.parse::<UpstreamId>().ok());
    }
    let mut copies = Vec::new();
    let mut after = 0;
    loop {
        let rows = db::snapshot::copies_after(db, after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(copies);
        };
        after = last.id;
        for row in rows {
            let light = match serde_json::from_str::<LightItem>(&row.light) {
                Ok(light) => Packed::from(&light),
                Err(error) => {
                    tracing::warn!(copy = row.id, %error, "a stored copy does not read; the next crawl renews it");
                    continue;
                }
            };
            let members = members.remove(&row.id).unwrap_or_default().into();
            copies.extend(keep(CopySeed {
                row: row.id,
                server_id: row.server_id,
                library_row: row.source_library_id,
                light,
                first_seen_at: row.first_seen_at,
                changed_at: row.changed_at,
                members,
            }));
        }
    }
}

/// Servers, libraries, decisions by hand.
pub async fn configuration(db: &Db) -> Result<Configuration, CatalogError> {
    let servers: Vec<ServerEntry> = db::servers::all(db)
        .await?
        .into_iter()
        .filter_map(|row| {
            Some(ServerEntry {
                id: row.id,
                key: row.server_key.parse().ok()?,
                name: row.name,
            })
        })
        .collect();
    let position = |id: i64| {
        servers
            .iter()
            .position(|server| server.id == id)
            .map(|at| at as u32)
    };
    let source_libraries: Vec<SourceLibrary> = db::source_libraries::all(db)
        .await?
        .into_iter()
        .filter(|row| row.is_present)
        .filter_map(|row| {
            Some(SourceLibrary {
                row: row.id,
                server: position(row.server_id)?,
                library_id: row.library_id.parse().ok()?,
                id: row.virtual_id.parse().ok()?,
                name: row.name,
                collection_type: row.collection_type,
                body: row.body.and_then(|body| serde_json::from_str(&body).ok()),
            })
        })
        .collect();
    let find = |server_id: i64, library: &str| {
        let server = position(server_id)?;
        let id: UpstreamId = library.parse().ok()?;
        let found = source_libraries
            .iter()
            .position(|l| l.server == server && l.library_id == id);
        found.map(|at| at as u32)
    };
    let merged_libraries = db::merged_libraries::all(db)
        .await?
        .into_iter()
        .filter_map(|library| {
            let row = library.row;
            let sources = library.sources.iter().filter_map(|source| {
                let library = find(source.server_id, &source.library_id)?;
                Some(MergedSource {
                    row: source.id,
                    library,
                    priority: source.priority,
                })
            });
            Some(MergedLibrary {
                row: row.id,
                id: row.virtual_id.parse().ok()?,
                collection_type: row.collection_type,
                strategy: row.dedup_strategy.parse().unwrap_or_default(),
                policy: row.source_policy.parse().unwrap_or_default(),
                is_global: row.is_global,
                owner: row
                    .created_by
                    .filter(|_| !row.is_global)
                    .and_then(|id| id.parse().ok()),
                sources: sources.collect(),
                name: row.name,
            })
        })
        .collect();
    let standing = Standing::of(&db::decisions::standing(db).await?);
    Ok(Configuration {
        servers,
        source_libraries,
        merged_libraries,
        standing,
    })
}

/// What ids were given out.
pub async fn remembered(db: &Db) -> Result<Remembered, CatalogError> {
    let pair = |(left, right): (String, String)| Some((left.parse().ok()?, right.parse().ok()?));
    let items = db::items::all(db).await?.into_iter().filter_map(|row| {
        Some((
            row.id.parse().ok()?,
            Founded {
                founder: row.founder.parse().ok()?,
                at: row.created_at,
            },
        ))
    });
    let mut former: HashMap<PublicId, Vec<PublicId>> = HashMap::new();
    for (copy, item) in db::items::former(db).await?.into_iter().filter_map(pair) {
        former.entry(copy).or_default().push(item);
    }
    Ok(Remembered {
        former,
        items: items.collect(),
        item_of_copy: db::items::copies(db)
            .await?
            .into_iter()
            .filter_map(pair)
            .collect(),
        aliases: db::items::aliases(db)
            .await?
            .into_iter()
            .filter_map(pair)
            .collect(),
    })
}

/// What each link may see.
pub async fn access(db: &Db) -> Result<Access, CatalogError> {
    let rows = db::snapshot::access(db).await?;
    let links = rows
        .into_iter()
        .map(|row| {
            let copies = RoaringBitmap::deserialize_from(row.copies.as_slice()).unwrap_or_default();
            let libraries: Vec<UpstreamId> =
                serde_json::from_str(&row.libraries).unwrap_or_default();
            (
                row.link_id,
                Arc::new(LinkAccess {
                    server_id: row.server_id,
                    copies,
                    libraries,
                }),
            )
        })
        .collect();
    Ok(Access {
        generation: 0,
        links,
    })
}
