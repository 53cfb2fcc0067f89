//! One item, and what hangs on it.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::Call;
use super::item::{Item, hex};
use super::library::compare;
use super::render::{self, Shape, view_body};
use super::reply::{Refusal, Reply, all, ok, result};
use super::state::{State, User};
use crate::model::ItemKind;

/// The item of an id (of one of its versions too), if the user sees it; else 404.
pub(super) fn find(state: &State, user: &User, id: Uuid) -> Result<Arc<Item>, Refusal> {
    let library = state.library();
    let item = library.owner(id).filter(|item| user.sees(&library, item));
    item.cloned().ok_or_else(Refusal::not_found)
}

/// `GET /Items/{id}`: also a library.
pub(super) fn item(state: &State, user: &User, id: Uuid) -> Reply {
    let library = state.library();
    if let Some(view) = library.view(id) {
        let seen = user.sight().sees_view(view);
        return match seen {
            true => ok(&view_body(state, user, view, true)),
            false => Err(Refusal::not_found()),
        };
    }
    let Some(found) = library.owner(id).filter(|item| user.sees(&library, item)) else {
        return Err(Refusal::not_found());
    };
    let mut body = render::body(state, &library, user, found, &Shape::detail());
    if found.id != id {
        as_version(&mut body, id);
    }
    ok(&body)
}

/// Asked by a version's id, an item carries that id, and that version comes first.
fn as_version(body: &mut Value, version: Uuid) {
    let version = json!(hex(version));
    if let Some(sources) = body["MediaSources"].as_array_mut() {
        sources.sort_by_key(|source| source["Id"] != version);
        if let Some(streams) = sources.first().map(|first| first["MediaStreams"].clone()) {
            body["MediaStreams"] = streams;
        }
    }
    body["Id"] = version;
}

/// `GET /Items/{id}/Ancestors`: nearest first, the library instead of its folder.
pub(super) fn ancestors(state: &State, user: &User, id: Uuid) -> Reply {
    let item = find(state, user, id)?;
    let library = state.library();
    let above = library.above(&item);
    let mut out: Vec<Value> = above
        .iter()
        .filter(|above| above.kind != ItemKind::Folder)
        .map(|above| render::body(state, &library, user, above, &Shape::detail()))
        .collect();
    let view = item.view.and_then(|view| library.view(view));
    out.extend(view.map(|view| view_body(state, user, view, true)));
    ok(&Value::Array(out))
}

/// `GET /Items/{id}/Similar`: of the same kind, sharing most genres.
pub(super) fn similar(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let item = find(state, user, id)?;
    let shape = Shape::list(&call.params)?;
    let limit = call.params.int("limit")?.unwrap_or(12);
    let genres = super::item::strings(&item.body(), "Genres");
    let library = state.library();
    let mut found: Vec<(usize, Arc<Item>)> = library
        .ordered(&[])
        .iter()
        .filter(|other| other.kind == item.kind && other.id != item.id)
        .take(2000)
        .filter(|other| user.sees(&library, other))
        .map(|other| {
            let theirs = super::item::strings(&other.body(), "Genres");
            let shared = genres.iter().filter(|genre| theirs.contains(genre)).count();
            (shared, other.clone())
        })
        .filter(|(shared, _)| *shared > 0)
        .collect();
    found.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    found.truncate(usize::try_from(limit).unwrap_or(12));
    let found = found.iter();
    let bodies = found.map(|(_, other)| render::body(state, &library, user, other, &shape));
    ok(&all(bodies.collect()))
}

/// `GET /Shows/{id}/Seasons`.
pub(super) fn seasons(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    of_series(state, call, user, id, ItemKind::Season, |_| true)
}

/// `GET /Shows/{id}/Episodes`.
pub(super) fn episodes(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let season = call.params.id("seasonid")?;
    let number = call.params.int("season")?;
    of_series(state, call, user, id, ItemKind::Episode, |episode| {
        season.is_none_or(|season| episode.parent == Some(season))
            && number.is_none_or(|number| episode.parent_index.map(i64::from) == Some(number))
    })
}

fn of_series(
    state: &State,
    call: &Call,
    user: &User,
    id: Uuid,
    kind: ItemKind,
    keep: impl Fn(&Item) -> bool,
) -> Reply {
    let series = find(state, user, id)?;
    let shape = Shape::list(&call.params)?;
    let library = state.library();
    let mut found: Vec<Arc<Item>> = library
        .iter()
        .filter(|item| item.kind == kind && item.series == Some(series.id) && keep(item))
        .filter(|item| user.sees(&library, item))
        .cloned()
        .collect();
    found.sort_by(|a, b| {
        let number = |item: &Item| (item.parent_index, item.index);
        number(a).cmp(&number(b)).then_with(|| compare(a, b, &[]))
    });
    super::items::page(state, &library, user, &call.params, &shape, &found)
}

/// `GET /Shows/NextUp`: the first unseen episode after the last seen one of each series.
pub(super) fn next_up(state: &State, call: &Call, user: &User) -> Reply {
    let shape = Shape::list(&call.params)?;
    let only = call.params.id("seriesid")?;
    let library = state.library();
    let mut found: Vec<(i64, Arc<Item>)> = Vec::new();
    let series = library.iter().filter(|item| item.kind == ItemKind::Series);
    for series in series.filter(|series| only.is_none_or(|only| only == series.id)) {
        let mut episodes = library.leaves(series.id);
        episodes.retain(|episode| episode.parent_index != Some(0) && user.sees(&library, episode));
        episodes.sort_by_key(|episode| (episode.parent_index, episode.index));
        let data = state.data();
        let datum = |item: &Item| data.get(&(user.id, item.id));
        let played = |item: &Item| datum(item).is_some_and(|datum| datum.played);
        let Some(last) = episodes.iter().rposition(|episode| played(episode)) else {
            continue;
        };
        let when = datum(&episodes[last]).and_then(|datum| datum.last_played);
        if let Some(next) = episodes[last + 1..].iter().find(|episode| !played(episode)) {
            found.push((when.unwrap_or(0), next.clone()));
        }
    }
    found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| compare(x, y, &[])));
    let found: Vec<Arc<Item>> = found.into_iter().map(|(_, item)| item).collect();
    super::items::page(state, &library, user, &call.params, &shape, &found)
}

/// `GET /MediaSegments/{id}`: none.
pub(super) fn segments(state: &State, user: &User, id: Uuid) -> Reply {
    find(state, user, id)?;
    ok(&result(Vec::new(), 0, 0))
}
