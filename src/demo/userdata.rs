//! What each user has watched.

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::{Call, member};
use super::item::{Item, hex};
use super::library::Library;
use super::params::{parse_id, parse_moment};
use super::reply::{Refusal, Reply, moment, no_content, ok};
use super::state::{State, User};
use crate::model::ItemKind;

/// One user's data of one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Datum {
    /// Ticks (100 ns).
    pub position: i64,
    pub play_count: i64,
    pub played: bool,
    pub favorite: bool,
    /// Milliseconds since 1970.
    pub last_played: Option<i64>,
    pub likes: Option<bool>,
    pub rating: Option<f64>,
}

impl Datum {
    /// Reads a `UserItemDataDto`; what is absent keeps its value.
    pub fn update(&mut self, body: &Value) {
        let int = |name| member(body, name).and_then(Value::as_i64);
        let truth = |name| member(body, name).and_then(Value::as_bool);
        self.position = int("PlaybackPositionTicks").unwrap_or(self.position);
        self.play_count = int("PlayCount").unwrap_or(self.play_count);
        self.played = truth("Played").unwrap_or(self.played);
        self.favorite = truth("IsFavorite").unwrap_or(self.favorite);
        self.likes = truth("Likes").or(self.likes);
        self.rating = member(body, "Rating")
            .and_then(Value::as_f64)
            .or(self.rating);
        let last = member(body, "LastPlayedDate").and_then(Value::as_str);
        self.last_played = last.and_then(parse_moment).or(self.last_played);
    }

    /// The `UserItemDataDto` of something that counts nothing.
    pub fn json(&self, id: Uuid, key: &str) -> Value {
        let mut body = serde_json::Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if let Some(rating) = self.rating {
            put("Rating", json!(rating));
        }
        put("PlaybackPositionTicks", json!(self.position));
        put("PlayCount", json!(self.play_count));
        put("IsFavorite", json!(self.favorite));
        if let Some(likes) = self.likes {
            put("Likes", json!(likes));
        }
        if let Some(last) = self.last_played {
            put("LastPlayedDate", json!(moment(last)));
        }
        put("Played", json!(self.played));
        put("Key", json!(key));
        put("ItemId", json!(hex(id)));
        Value::Object(body)
    }
}

/// How much of a folder is played: unplayed and all.
fn progress(state: &State, library: &Library, user: &User, item: &Item) -> (usize, usize) {
    let data = state.data();
    let leaves = library.leaves(item.id);
    let seen = leaves.iter().filter(|leaf| user.sees(library, leaf));
    seen.fold((0, 0), |(unplayed, all), leaf| {
        let played = data
            .get(&(user.id, leaf.id))
            .is_some_and(|datum| datum.played);
        (unplayed + usize::from(!played), all + 1)
    })
}

/// The `UserData` of an item.
pub(super) fn dto(state: &State, library: &Library, user: &User, item: &Item) -> Value {
    let mut datum = state
        .data()
        .get(&(user.id, item.id))
        .cloned()
        .unwrap_or_default();
    let mut first = serde_json::Map::new();
    if item.counts_unplayed() {
        let (unplayed, all) = progress(state, library, user, item);
        #[allow(clippy::cast_precision_loss)] // counts are small
        let percent = 100.0 * (all - unplayed) as f64 / all.max(1) as f64;
        first.insert("PlayedPercentage".to_owned(), number(percent));
        first.insert("UnplayedItemCount".to_owned(), json!(unplayed));
        datum.played = all > 0 && unplayed == 0;
    } else if datum.position > 0
        && let Some(runtime) = item.runtime.filter(|runtime| *runtime > 0)
    {
        #[allow(clippy::cast_precision_loss)] // ticks of a film are far below 2^52
        let percent = 100.0 * datum.position as f64 / runtime as f64;
        first.insert("PlayedPercentage".to_owned(), number(percent));
    }
    if let Value::Object(rest) = datum.json(item.id, &item.key) {
        first.extend(rest);
    }
    Value::Object(first)
}

/// Whole numbers go out without a point, as .NET writes them.
#[allow(clippy::cast_possible_truncation)] // whole and below 2^53
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

/// Whether something is to be gone on with.
pub(super) fn resumable(state: &State, library: &Library, user: &User, item: &Item) -> bool {
    if matches!(item.kind, ItemKind::Series | ItemKind::Season) {
        let (unplayed, all) = progress(state, library, user, item);
        return unplayed > 0 && unplayed < all;
    }
    let data = state.data();
    data.get(&(user.id, item.id))
        .is_some_and(|datum| datum.position > 0)
}

pub(super) fn played(state: &State, library: &Library, user: &User, item: &Item) -> bool {
    if item.counts_unplayed() {
        let (unplayed, all) = progress(state, library, user, item);
        return all > 0 && unplayed == 0;
    }
    let data = state.data();
    data.get(&(user.id, item.id))
        .is_some_and(|datum| datum.played)
}

/// The item of a path, if the user sees it; else 404.
fn visible(state: &State, user: &User, id: Uuid) -> Result<std::sync::Arc<Item>, Refusal> {
    let library = state.library();
    let item = library.owner(id).filter(|item| user.sees(&library, item));
    item.cloned().ok_or_else(Refusal::not_found)
}

/// Changes one item's data and tells the user's sockets, with the folders above it.
pub(super) fn change(
    state: &State,
    user: &User,
    item: &Item,
    edit: impl FnOnce(&mut Datum),
) -> Value {
    edit(state.data_mut().entry((user.id, item.id)).or_default());
    let library = state.library();
    let mut list = vec![dto(state, &library, user, item)];
    for above in library.above(item) {
        list.push(dto(state, &library, user, &above));
    }
    let answer = list[0].clone();
    state.announce(
        Some(user.id),
        "UserDataChanged",
        json!({ "UserId": hex(user.id), "UserDataList": list }),
    );
    answer
}

/// `GET /UserItems/{id}/UserData`.
pub(super) fn get(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let _ = call;
    let item = visible(state, user, id)?;
    let library = state.library();
    ok(&dto(state, &library, user, &item))
}

/// `POST /UserItems/{id}/UserData`.
pub(super) fn set(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let body = call.json()?;
    let item = visible(state, user, id)?;
    ok(&change(state, user, &item, |datum| datum.update(&body)))
}

/// `POST`/`DELETE /UserPlayedItems/{id}`: of a folder, everything in it.
pub(super) fn mark_played(
    state: &State,
    call: &Call,
    user: &User,
    id: Uuid,
    played: bool,
) -> Reply {
    let at = call.params.moment("dateplayed")?;
    let item = visible(state, user, id)?;
    let now = at.unwrap_or_else(|| state.clock.millis());
    let edit = |datum: &mut Datum| {
        datum.played = played;
        datum.position = 0;
        if played {
            datum.play_count = datum.play_count.max(1);
            datum.last_played = Some(now);
        } else {
            datum.play_count = 0;
            datum.last_played = None;
        }
    };
    if item.is_leaf() {
        return ok(&change(state, user, &item, edit));
    }
    let leaves = state.library().leaves(item.id);
    for leaf in leaves {
        let seen = user.sees(&state.library(), &leaf);
        if seen {
            edit(state.data_mut().entry((user.id, leaf.id)).or_default());
        }
    }
    ok(&change(state, user, &item, |_| {}))
}

/// `POST`/`DELETE /UserFavoriteItems/{id}`.
pub(super) fn favorite(state: &State, user: &User, id: Uuid, favorite: bool) -> Reply {
    let item = visible(state, user, id)?;
    ok(&change(state, user, &item, |datum| {
        datum.favorite = favorite
    }))
}

/// `POST`/`DELETE /UserItems/{id}/Rating`.
pub(super) fn rate(state: &State, call: &Call, user: &User, id: Uuid, set: bool) -> Reply {
    let likes = call.params.bool("likes")?;
    let item = visible(state, user, id)?;
    ok(&change(state, user, &item, |datum| {
        datum.likes = likes.filter(|_| set);
        datum.rating = datum.likes.map(|likes| if likes { 10.0 } else { 1.0 });
    }))
}

/// What a player reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Start,
    Progress,
    Stop,
}

/// `POST /Sessions/Playing[/Progress|/Stopped]`.
pub(super) fn report(state: &State, call: &Call, report: Report) -> Reply {
    let session = call.session(state)?;
    let user = call.caller(state)?;
    let body = call.json()?;
    if body.is_null() {
        return Err(Refusal::bad_request(
            "A non-empty request body is required.",
        ));
    }
    let position = member(&body, "PositionTicks").and_then(Value::as_i64);
    let text = |name| member(&body, name).and_then(Value::as_str);
    // 12.0 keeps the position on the version that is played, 10.11 on the item.
    let named = if state.takes_legacy_tokens() {
        text("ItemId")
    } else {
        text("MediaSourceId").or(text("ItemId"))
    };
    let Some(Ok(id)) = named.map(|id| parse_id("ItemId", id)) else {
        return no_content();
    };
    let Ok(item) = visible(state, user, id) else {
        return no_content();
    };
    if let Some(session) = state.sessions().get_mut(&session.token) {
        session.active = state.clock.millis();
        session.playing = match report {
            Report::Stop => None,
            _ => Some((item.id, position.unwrap_or(0))),
        };
    }
    let now = state.clock.millis();
    change(state, user, &item, |datum| {
        match report {
            Report::Start => {
                datum.play_count += 1;
                datum.last_played = Some(now);
                // Music counts as played when it starts, video as not yet seen to its end.
                datum.played = item.kind == ItemKind::Audio;
                return;
            }
            Report::Progress | Report::Stop => {}
        }
        match position {
            Some(position) => store_position(state, &item, datum, position),
            None if report == Report::Stop => {
                datum.play_count += 1;
                datum.played = true;
                datum.position = 0;
            }
            None => {}
        }
    });
    no_content()
}

/// Jellyfin's rule: near the start it is forgotten, near the end the item is played.
#[allow(clippy::cast_precision_loss)] // ticks of a film are far below 2^52
fn store_position(state: &State, item: &Item, datum: &mut Datum, position: i64) {
    let Some(runtime) = item.runtime.filter(|runtime| *runtime > 0) else {
        datum.position = 0;
        return;
    };
    if item.kind == ItemKind::Audio {
        datum.position = 0;
        return;
    }
    let percent = 100.0 * position as f64 / runtime as f64;
    let rules = state.thresholds;
    if percent < rules.min_percent {
        datum.position = 0;
    } else if percent > rules.max_percent
        || position >= runtime
        || runtime / 10_000_000 < rules.min_seconds
    {
        datum.position = 0;
        datum.played = true;
    } else {
        datum.position = position;
    }
}
