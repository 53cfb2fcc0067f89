//! An entry's Jellyfin body (`BaseItemDto`): ids mapped, copies as versions, `UserData` the viewer's own.
//!
//! The light part of the leading copy gives what lists show; what is asked for beyond that comes from
//! the copies' bodies as their servers tell them, so that fields we do not know pass untouched.

mod fields;
mod ids;
mod kept;
mod light;
mod other;
mod pictures;
mod sources;
mod user_data;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::CopyIx;
use crate::model::BodyOptions;
use crate::wire::Body;

pub use fields::{needs_bodies, trickplay};
pub use ids::IdMap;
pub use kept::{BUDGET as TEXTS, Kept};
pub use sources::{map as map_source, source_id};
pub use user_data::{user_data, user_data_of_name};

/// The bodies that were fetched for a page.
pub type Bodies = HashMap<CopyIx, Arc<Body>>;

/// What rendering needs to know about this installation.
#[derive(Debug, Clone)]
pub struct Identity {
    /// `ServerId` of everything that we tell.
    pub server_id: String,
}

/// Renders one entry. `bodies` may lack a copy: then what only its body holds is left out.
pub fn render(
    scope: &Scope,
    entry: &Entry,
    options: &BodyOptions,
    bodies: &Bodies,
    us: &Identity,
) -> Body {
    match entry {
        Entry::Item(item) => render_item(scope, item, options, bodies, us),
        Entry::Library(library) => other::library(scope, *library, options, us),
        Entry::Name(name) => other::name(scope, *name, options, us),
        Entry::Root => other::root(scope, options, us),
    }
}

/// Whether an item's body, but for `UserData`, is the same for all who share a projection, until that
/// changes: nothing in it comes from a server or from what a user watched.
pub fn is_lasting(options: &BodyOptions) -> bool {
    !needs_bodies(options) && !options.wants("mediasources") && !options.wants("mediastreams")
}

/// A body as text, with the viewer's `UserData` at its end where asked for.
pub fn with_user_data(
    text: &str,
    scope: &Scope,
    entry: &ItemEntry,
    options: &BodyOptions,
) -> String {
    if !options.user_data {
        return text.to_owned();
    }
    let marks = serde_json::to_string(&user_data(scope, entry)).expect("fields have names");
    let open = text.strip_suffix('}').unwrap_or(text);
    let mut whole = String::with_capacity(open.len() + marks.len() + 14);
    whole.push_str(open);
    whole.push_str(",\"UserData\":");
    whole.push_str(&marks);
    whole.push('}');
    whole
}

fn render_item(
    scope: &Scope,
    entry: &ItemEntry,
    options: &BodyOptions,
    bodies: &Bodies,
    us: &Identity,
) -> Body {
    let copies = scope.copies(entry);
    let ids = IdMap::new(scope, entry);
    let mut body = light::light(scope, entry, &copies, options, &ids, us);
    for copy in &copies {
        if let Some(full) = bodies.get(copy) {
            fields::add(&mut body, full, options, &ids.on(scope, *copy));
        }
    }
    if options.wants("mediasources") || options.wants("mediastreams") {
        let copies = scope.playing_order(entry);
        sources::add(scope, entry, &copies, options, bodies, &mut body);
    }
    let count = sources::count(scope, &copies);
    if options.wants("mediasourcecount") && count > 1 {
        body.insert("MediaSourceCount".into(), json!(count));
    }
    if options.user_data {
        body.insert("UserData".into(), json!(user_data(scope, entry)));
    }
    body
}
