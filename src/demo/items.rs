//! `/Items`: which items, in what order, which page.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::calls::Call;
use super::item::Item;
use super::library::{Key, Library, compare};
use super::params::Params;
use super::render::{self, Shape};
use super::reply::{Refusal, Reply, ok, result};
use super::state::{State, User};
use super::{system, userdata};
use crate::model::ItemKind;

/// What is asked for, apart from the page.
struct Filter {
    kinds: HashSet<ItemKind>,
    without: HashSet<ItemKind>,
    excluded: HashSet<Uuid>,
    media: Vec<String>,
    min_saved: Option<i64>,
    played: Option<bool>,
    favorite: Option<bool>,
    resumable: bool,
    folder: Option<bool>,
    years: HashSet<i32>,
    search: Option<String>,
    starts_with: Option<String>,
}

impl Filter {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let kinds = |name| -> HashSet<ItemKind> {
            params
                .list(name)
                .into_iter()
                .filter_map(|kind| kind.parse().ok())
                .filter(|kind| *kind != ItemKind::Unknown)
                .collect()
        };
        let mut filter = Self {
            kinds: kinds("includeitemtypes"),
            without: kinds("excludeitemtypes"),
            excluded: ids(params, "excludeitemids").into_iter().collect(),
            media: params.lower("mediatypes"),
            min_saved: params
                .moment("mindatelastsaved")?
                .max(params.moment("mindatelastsavedforuser")?),
            played: params.bool("isplayed")?,
            favorite: params.bool("isfavorite")?,
            resumable: false,
            folder: None,
            years: params
                .list("years")
                .into_iter()
                .filter_map(|year| year.parse().ok())
                .collect(),
            search: params.get("searchterm").map(str::to_lowercase),
            starts_with: params.get("namestartswith").map(str::to_lowercase),
        };
        for name in params.lower("filters") {
            match name.as_str() {
                "isplayed" => filter.played = Some(true),
                "isunplayed" => filter.played = Some(false),
                "isfavorite" | "isfavoriteorlikes" => filter.favorite = Some(true),
                "isresumable" => filter.resumable = true,
                "isfolder" => filter.folder = Some(true),
                "isnotfolder" => filter.folder = Some(false),
                _ => {}
            }
        }
        Ok(filter)
    }

    /// Whether nothing at all narrows the question: then the libraries are meant.
    fn is_empty(&self) -> bool {
        self.kinds.is_empty()
            && self.media.is_empty()
            && self.min_saved.is_none()
            && self.played.is_none()
            && self.favorite.is_none()
            && !self.resumable
            && self.search.is_none()
    }

    fn keeps(&self, state: &State, library: &Library, user: &User, item: &Item) -> bool {
        if !self.kinds.is_empty() && !self.kinds.contains(&item.kind)
            || self.without.contains(&item.kind)
            || self.min_saved.is_some_and(|since| item.saved < since)
            || self.folder.is_some_and(|folder| folder == item.is_leaf())
            || self.excluded.contains(&item.id)
        {
            return false;
        }
        if !self.media.is_empty() {
            let media = item.kind.media_type().to_ascii_lowercase();
            if !self.media.contains(&media) {
                return false;
            }
        }
        if !self.years.is_empty() && !item.year.is_some_and(|year| self.years.contains(&year)) {
            return false;
        }
        let has = |text: &Option<String>, test: fn(&str, &str) -> bool| match text {
            Some(text) => test(&item.name.to_lowercase(), text) || test(&item.sort_name, text),
            None => true,
        };
        if !has(&self.search, |name, text| name.contains(text))
            || !has(&self.starts_with, |name, text| name.starts_with(text))
        {
            return false;
        }
        if self.resumable && !userdata::resumable(state, library, user, item) {
            return false;
        }
        if let Some(played) = self.played
            && userdata::played(state, library, user, item) != played
        {
            return false;
        }
        if let Some(favorite) = self.favorite {
            let data = state.data();
            let is = data
                .get(&(user.id, item.id))
                .is_some_and(|datum| datum.favorite);
            if is != favorite {
                return false;
            }
        }
        user.sees(library, item)
    }
}

pub(super) fn ids(params: &Params, name: &str) -> Vec<Uuid> {
    let list = params.list(name).into_iter();
    list.filter_map(|id| Uuid::try_parse(id).ok()).collect()
}

/// `GET /Items`.
pub(super) fn list(state: &State, call: &Call, user: &User) -> Reply {
    let params = &call.params;
    let filter = Filter::read(params)?;
    let shape = Shape::list(params)?;
    let recursive = params.bool("recursive")?.unwrap_or(false);
    let parent = params.id("parentid")?;
    let asked = params.get("ids").map(|_| ids(params, "ids"));
    if asked.is_none() && parent.is_none() && !recursive && filter.is_empty() {
        return system::views(state, call, user);
    }
    let library = state.library();
    let mut found: Vec<Arc<Item>> = Vec::new();
    let keys = sort_keys(params);
    match (asked, parent) {
        (Some(asked), _) => {
            let mut known = HashSet::new();
            found.extend(
                asked
                    .into_iter()
                    .filter_map(|id| library.owner(id))
                    .filter(|item| known.insert(item.id))
                    .filter(|item| filter.keeps(state, &library, user, item))
                    .cloned(),
            );
            found.sort_by(|a, b| compare(a, b, &keys));
        }
        (None, Some(parent)) => {
            let view = library.view(parent).is_some();
            let members = library.members.get(&parent);
            let hidden = match library.view(parent) {
                Some(view) => !user.sight().sees_view(view),
                None => match library.get(parent) {
                    Some(item) => !user.sees(&library, item),
                    None => return Err(Refusal::status(http::StatusCode::BAD_REQUEST)),
                },
            };
            if hidden {
                return ok(&result(Vec::new(), 0, 0));
            }
            if let Some(members) = members {
                found.extend(members.iter().filter_map(|id| library.get(*id)).cloned());
                found.retain(|item| filter.keeps(state, &library, user, item));
            } else if recursive || view && !filter.kinds.is_empty() {
                let all = library.ordered(&keys);
                found.extend(
                    all.iter()
                        .filter(|item| library.is_below(item, parent))
                        .filter(|item| filter.keeps(state, &library, user, item))
                        .cloned(),
                );
            } else {
                // A library shows what lies in its folders.
                let roots: Vec<Uuid> = library
                    .iter()
                    .filter(|item| view && item.kind == ItemKind::Folder)
                    .filter(|item| item.view == Some(parent))
                    .map(|item| item.id)
                    .chain([parent])
                    .collect();
                let below = roots.iter().flat_map(|id| library.children(*id));
                found.extend(below.filter_map(|id| library.get(*id)).cloned());
                found.retain(|item| filter.keeps(state, &library, user, item));
                found.sort_by(|a, b| compare(a, b, &keys));
            }
        }
        (None, None) => {
            let all = library.ordered(&keys);
            found.extend(
                all.iter()
                    .filter(|item| filter.keeps(state, &library, user, item))
                    .cloned(),
            );
        }
    }
    sort_by_data(state, user, params, &mut found);
    page(state, &library, user, params, &shape, &found)
}

/// Cuts the page and renders it.
pub(super) fn page(
    state: &State,
    library: &Library,
    user: &User,
    params: &Params,
    shape: &Shape,
    found: &[Arc<Item>],
) -> Reply {
    let start = params.int("startindex")?.unwrap_or(0).max(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    // A negative limit means none.
    let limit = params
        .int("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let total = params.bool("enabletotalrecordcount")?.unwrap_or(true);
    let items: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit.unwrap_or(usize::MAX))
        .map(|item| render::body(state, library, user, item, shape))
        .collect();
    ok(&result(items, if total { found.len() } else { 0 }, start))
}

fn orders(params: &Params) -> impl Iterator<Item = (String, bool)> {
    let down: Vec<bool> = params
        .lower("sortorder")
        .iter()
        .map(|order| order == "descending")
        .collect();
    params
        .lower("sortby")
        .into_iter()
        .enumerate()
        .map(move |(at, key)| {
            let order = down.get(at).or(down.first()).copied().unwrap_or(false);
            (key, order)
        })
}

/// Unknown keys are ignored, as 12.0 does.
fn sort_keys(params: &Params) -> Vec<(Key, bool)> {
    orders(params)
        .filter_map(|(key, down)| {
            let key = match key.as_str() {
                "sortname" | "name" | "seriessortname" => Key::Name,
                "datecreated" | "datelastcontentadded" => Key::Created,
                "premieredate" => Key::Premiere,
                "productionyear" => Key::Year,
                "communityrating" => Key::Rating,
                "officialrating" => Key::Official,
                "runtime" => Key::Runtime,
                "indexnumber" => Key::Index,
                "parentindexnumber" => Key::ParentIndex,
                "isfolder" => Key::IsFolder,
                "random" => Key::Random,
                _ => return None,
            };
            Some((key, down))
        })
        .collect()
}

/// Orders by what the user did; stable, so that the other keys break ties.
fn sort_by_data(state: &State, user: &User, params: &Params, found: &mut [Arc<Item>]) {
    let Some((key, down)) = orders(params).next() else {
        return;
    };
    let data = state.data();
    let rank = |item: &Arc<Item>| {
        let datum = data.get(&(user.id, item.id));
        match key.as_str() {
            "dateplayed" => datum.and_then(|datum| datum.last_played).unwrap_or(0),
            "playcount" => datum.map_or(0, |datum| datum.play_count),
            "isfavoriteorliked" => datum.map_or(0, |datum| i64::from(datum.favorite)),
            "isplayed" => datum.map_or(0, |datum| i64::from(datum.played)),
            "isunplayed" => datum.map_or(1, |datum| i64::from(!datum.played)),
            _ => 0,
        }
    };
    found.sort_by_key(|item| if down { -rank(item) } else { rank(item) });
}

/// `GET /UserItems/Resume`: by last played.
pub(super) fn resume(state: &State, call: &Call, user: &User) -> Reply {
    let filter = Filter::read(&call.params)?;
    let shape = Shape::list(&call.params)?;
    let library = state.library();
    let mut found: Vec<(i64, Arc<Item>)> = {
        let data = state.data();
        library
            .iter()
            .filter(|item| item.is_leaf())
            .filter_map(|item| Some((data.get(&(user.id, item.id))?, item)))
            .filter(|(datum, _)| datum.position > 0)
            .map(|(datum, item)| (datum.last_played.unwrap_or(0), item.clone()))
            .collect()
    };
    found.retain(|(_, item)| filter.keeps(state, &library, user, item));
    found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| compare(x, y, &[])));
    let found: Vec<Arc<Item>> = found.into_iter().map(|(_, item)| item).collect();
    page(state, &library, user, &call.params, &shape, &found)
}

/// `GET /Items/Latest`: a bare array, newest first.
pub(super) fn latest(state: &State, call: &Call, user: &User) -> Reply {
    let params = &call.params;
    let filter = Filter::read(params)?;
    let shape = Shape::list(params)?;
    let parent = params.id("parentid")?;
    let limit = params
        .int("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let library = state.library();
    let all = library.ordered(&[(Key::Created, true)]);
    let wanted = |item: &&Arc<Item>| match &item.kind {
        ItemKind::Movie | ItemKind::Episode | ItemKind::MusicAlbum => true,
        kind => filter.kinds.contains(kind),
    };
    let found = all
        .iter()
        .filter(wanted)
        .filter(|item| parent.is_none_or(|parent| library.is_below(item, parent)))
        .filter(|item| filter.keeps(state, &library, user, item))
        .take(limit.unwrap_or(20));
    ok(&found
        .map(|item| render::body(state, &library, user, item, &shape))
        .collect())
}
