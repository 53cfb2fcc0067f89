//! What a test or the demo's command does to a running server.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::access::Sight;
use super::content::{films, view};
use super::item::{Item, Source, sort_name};
use super::server::DemoServer;
use super::spec::{Access, Fault, Seen};
use super::state::{State, User, lock};
use super::userdata;
use crate::model::{ItemKind, UpstreamId};
use crate::wire::Body;

/// An item to add.
#[derive(Debug, Clone)]
pub enum NewItem {
    /// Plain film number so and so, in the first library of films.
    Film(usize),
    /// A full Jellyfin body with an `Id`, a `Type` and a `ParentId` that is known.
    Body(Box<Body>),
}

/// What to change in a user's data; `None` leaves a field.
#[derive(Debug, Clone, Default)]
pub struct UserDataChange {
    pub played: Option<bool>,
    /// Ticks (100 ns).
    pub position_ticks: Option<i64>,
    pub favorite: Option<bool>,
    pub play_count: Option<i64>,
    pub last_played: Option<DateTime<Utc>>,
}

impl State {
    /// A moment for a change, later than every earlier one.
    pub(super) fn saved_now(&self) -> i64 {
        let now = self.clock.millis();
        let last = self.last_saved.fetch_max(now, Ordering::SeqCst);
        now.max(last)
    }

    /// Lets accounts with a recorded sight see a new item: its maker, or all whose rules allow it.
    pub(super) fn show_to(&self, user: &User, id: Uuid) {
        let mut sight = user.sight.write().unwrap_or_else(PoisonError::into_inner);
        if let Sight::Only(ids) = &mut *sight {
            ids.insert(id);
        }
    }

    fn changed(&self, item: Item) {
        let at: Vec<Uuid> = item.view.into_iter().collect();
        let id = item.id;
        self.library_mut().insert(item);
        self.announce_library(&[], &[id], &[], &at);
    }
}

impl DemoServer {
    /// `true`: it listens. `false`: connections break and new ones are refused.
    ///
    /// # Errors
    /// The port was taken by another process meanwhile.
    pub async fn set_available(&self, available: bool) -> Result<(), super::DemoError> {
        if available {
            self.listen().await
        } else {
            self.stop();
            Ok(())
        }
    }

    /// Waits so long before every answer.
    pub fn set_delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.state().delay_millis.store(millis, Ordering::SeqCst);
    }

    /// Gives films so many bytes a second; 0: as fast as it goes.
    pub fn set_pace(&self, bytes_per_second: u64) {
        let pace = &self.state().bytes_per_second;
        pace.store(bytes_per_second, Ordering::SeqCst);
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.state().fault) = fault;
    }

    /// Every request since the start or the last [`DemoServer::clear_seen`], in order.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state().seen).clone()
    }
    pub fn clear_seen(&self) {
        lock(&self.state().seen).clear();
    }

    /// The ids of all items of a kind, by sort name.
    pub fn items(&self, kind: ItemKind) -> Vec<UpstreamId> {
        let order = self.state().library().ordered(&[]);
        let found = order.iter().filter(|item| item.kind == kind);
        found.map(|item| UpstreamId(item.id)).collect()
    }

    /// The item's name, if there is such an item.
    pub fn item_name(&self, id: UpstreamId) -> Option<String> {
        self.state()
            .library()
            .get(id.0)
            .map(|item| item.name.clone())
    }

    /// The library's id by its name.
    pub fn library_id(&self, name: &str) -> Option<UpstreamId> {
        let library = self.state().library();
        let view = library.views.iter().find(|view| view.name == name);
        view.map(|view| UpstreamId(view.id))
    }

    /// Adds an empty library and tells its id.
    pub fn add_library(&self, name: &str, collection_type: &str) -> UpstreamId {
        let state = self.state();
        let view = view(&state.name, name, collection_type);
        let id = view.id;
        state.library_mut().views.push(view);
        UpstreamId(id)
    }

    /// Gives a library another name, under the same id. `false`: there is no such library.
    pub fn rename_library(&self, name: &str, new: &str) -> bool {
        let mut library = self.state().library_mut();
        let Some(view) = library.views.iter_mut().find(|view| view.name == name) else {
            return false;
        };
        new.clone_into(&mut view.name);
        view.body.insert("Name".to_owned(), json!(new));
        true
    }

    /// The user's id by name.
    pub fn user_id(&self, name: &str) -> Option<UpstreamId> {
        self.state()
            .user_named(name)
            .map(|user| UpstreamId(user.id))
    }

    /// Edits an item's name. `false`: there is no such item.
    pub fn rename_item(&self, id: UpstreamId, name: &str) -> bool {
        self.edit_item(id, |body| {
            body.insert("Name".to_owned(), json!(name));
        })
    }

    /// Edits an item's JSON (but for its id). `false`: there is no such item.
    pub fn edit_item(&self, id: UpstreamId, edit: impl FnOnce(&mut Body)) -> bool {
        let state = self.state();
        let Some(old) = state.library().get(id.0).cloned() else {
            return false;
        };
        let mut body = old.body().into_owned();
        edit(&mut body);
        body.insert("Id".to_owned(), json!(super::item::hex(id.0)));
        body.insert("Etag".to_owned(), json!(super::item::hex(Uuid::new_v4())));
        let renamed = body.get("Name").and_then(|name| name.as_str()) != Some(old.name.as_str());
        if renamed {
            let name = body.get("Name").and_then(|name| name.as_str());
            let sort = sort_name(name.unwrap_or_default());
            body.insert("SortName".to_owned(), json!(sort));
        }
        let Some(mut item) = Item::from_body(body, state.saved_now()) else {
            return false;
        };
        item.view = old.view;
        item.key.clone_from(&old.key);
        item.created = old.created;
        state.changed(item);
        true
    }

    /// Adds an item and tells its id. `None`: its body has no id, or there is no library of films.
    pub fn add_item(&self, new: NewItem) -> Option<UpstreamId> {
        let state = self.state();
        let saved = state.saved_now();
        let item = match new {
            NewItem::Film(number) => {
                let view = {
                    let library = state.library();
                    let mut views = library.views.iter();
                    views
                        .find(|view| view.collection_type.as_deref() == Some("movies"))
                        .map(|view| view.id)?
                };
                let mut item = films::film(&state.name, view, number);
                item.created = saved;
                item.saved = saved;
                item
            }
            NewItem::Body(body) => {
                let mut item = Item::from_body(*body, saved)?;
                let library = state.library();
                let parent = item.parent.and_then(|parent| library.get(parent));
                item.view = match item.parent {
                    Some(parent) if library.view(parent).is_some() => Some(parent),
                    _ => parent.and_then(|parent| parent.view),
                };
                item
            }
        };
        let (id, at) = (item.id, item.view.into_iter().collect::<Vec<_>>());
        for user in &state.users {
            let sees = {
                let library = state.library();
                let parent = item.parent.and_then(|parent| library.get(parent));
                parent.is_none_or(|parent| user.sees(&library, parent))
            };
            if sees {
                state.show_to(user, id);
            }
        }
        state.library_mut().insert(item);
        state.announce_library(&[id], &[], &[], &at);
        Some(UpstreamId(id))
    }

    /// Removes an item. `false`: there is no such item.
    pub fn remove_item(&self, id: UpstreamId) -> bool {
        let state = self.state();
        let Some(item) = state.library_mut().remove(id.0) else {
            return false;
        };
        let at: Vec<Uuid> = item.view.into_iter().collect();
        state.announce_library(&[], &[], &[id.0], &at);
        true
    }

    /// Changes what a user has watched, as that user's other player would. `false`: no such user or
    /// item.
    pub fn set_user_data(&self, user: &str, item: UpstreamId, change: &UserDataChange) -> bool {
        let state = self.state();
        let (Some(user), Some(item)) =
            (state.user_named(user), state.library().get(item.0).cloned())
        else {
            return false;
        };
        userdata::change(state, user, &item, |datum| {
            datum.played = change.played.unwrap_or(datum.played);
            datum.position = change.position_ticks.unwrap_or(datum.position);
            datum.favorite = change.favorite.unwrap_or(datum.favorite);
            datum.play_count = change.play_count.unwrap_or(datum.play_count);
            let last = change.last_played.map(|last| last.timestamp_millis());
            datum.last_played = last.or(datum.last_played);
        });
        true
    }

    /// What a user has: played, position in ticks, favourite. `None`: no such user.
    pub fn user_data(&self, user: &str, item: UpstreamId) -> Option<(bool, i64, bool)> {
        let state = self.state();
        let user = state.user_named(user)?;
        let datum = state.data().get(&(user.id, item.0)).cloned();
        let datum = datum.unwrap_or_default();
        Some((datum.played, datum.position, datum.favorite))
    }

    /// Changes what an account may see. `false`: no such user.
    pub fn set_access(&self, user: &str, access: Access) -> bool {
        let state = self.state();
        let Some(user) = state.user_named(user) else {
            return false;
        };
        if access.disabled {
            state.sessions().close_user(user.id);
        }
        *user.sight.write().unwrap_or_else(PoisonError::into_inner) = Sight::Rules(access);
        let data = json!({ "Id": super::item::hex(user.id), "Name": user.name });
        state.announce(Some(user.id), "UserUpdated", data);
        true
    }

    /// Ends all sessions of a user: their tokens are refused from now on.
    pub fn revoke_tokens(&self, user: &str) {
        let state = self.state();
        if let Some(user) = state.user_named(user) {
            state.sessions().close_user(user.id);
        }
    }

    /// Does what was recorded after the first look: a film edited. `false`: nothing was recorded.
    pub fn apply_recorded_edit(&self) -> bool {
        let recording = self.state().recording.as_ref();
        match recording.and_then(|recording| recording.renamed.clone()) {
            Some((id, name)) => self.edit_item(UpstreamId(id), |body| {
                body.insert("Name".to_owned(), json!(name));
            }),
            None => false,
        }
    }

    /// Does what the recorded scan found: a film added, a film gone. `false`: nothing was recorded.
    pub fn apply_recorded_scan(&self) -> bool {
        let state = self.state();
        let Some(recording) = &state.recording else {
            return false;
        };
        let Some(mut added) = recording.added.clone() else {
            return false;
        };
        let gone = recording.removed.as_ref().and_then(|name| {
            let library = state.library();
            let found = library.iter().find(|item| &item.name == name);
            found.cloned()
        });
        if let Some(gone) = &gone {
            let parent = gone.parent.map(super::item::hex);
            added.insert("ParentId".to_owned(), json!(parent));
            complete(&mut added, gone);
            self.remove_item(UpstreamId(gone.id));
        }
        self.add_item(NewItem::Body(Box::new(added))).is_some()
    }
}

/// Gives a body that only lists told of the fields that every film has.
fn complete(body: &mut Body, like: &Item) {
    let Source::Body(like) = &like.source else {
        return;
    };
    for (field, value) in like.iter() {
        let neutral = match value {
            serde_json::Value::Array(_) => json!([]),
            serde_json::Value::Object(_) => json!({}),
            serde_json::Value::Bool(_) => value.clone(),
            _ if matches!(field.as_str(), "PlayAccess" | "DisplayPreferencesId") => value.clone(),
            _ => continue,
        };
        if !body.contains_key(field) {
            body.insert(field.clone(), neutral);
        }
    }
}
