//! JSON of servers: one odd field costs that field, never the page and never the gateway.

use std::collections::HashMap;
use std::sync::Arc;

use manyfin::accounts::PublicIds;
use manyfin::catalog::snapshot::{CopySeed, KnownCopy, Parts, ServerEntry, SourceLibrary, build};
use manyfin::catalog::sync::decode;
use manyfin::jellyfin::{parse_event, read_public_info};
use manyfin::merge::quality;
use manyfin::model::{PublicId, ServerKey, UpstreamId};
use manyfin::wire::{
    AuthenticationResult, Body, LightItem, Packed, PlaybackInfoRequest, PlaybackReport, SystemInfo,
    UserDto, UserItemData,
};
use serde_json::Value;

/// More items only cost time.
const MOST: usize = 64;

pub fn check(data: &[u8]) {
    let _ = parse_event(&String::from_utf8_lossy(data));
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let _ = read_public_info(&value);
    bodies(&value);
    let items = match decode::page(value.clone()) {
        Ok(page) => page.items,
        // A single item, as details come.
        Err(_) => value.as_object().cloned().into_iter().collect(),
    };
    if items.len() <= MOST {
        let read = items.iter().filter_map(item).collect();
        catalog(read);
    }
}

/// What is known of an item is kept in the database in the same form, and reads the same again.
fn item(body: &Body) -> Option<LightItem> {
    let seen = decode::user_data(1, 0, body);
    assert!(seen.is_none() || decode::id(body).is_some());
    let light = decode::light(body)?;
    let kept = serde_json::to_string(&light).expect("texts and numbers are JSON");
    let again: LightItem = serde_json::from_str(&kept).expect("our own form");
    assert_eq!(light, again);
    for source in &light.media_sources {
        let _ = (
            quality::quality(source, Some("deu")),
            quality::label(source),
        );
    }
    Some(light)
}

/// One server with one library that holds them all, whatever they say of each other.
fn catalog(items: Vec<LightItem>) {
    let ids = PublicIds::new([7; 32]);
    let key = ServerKey::default();
    let servers = vec![ServerEntry {
        id: 1,
        key,
        name: "attic".to_owned(),
    }];
    let copies: Vec<Arc<KnownCopy>> = items
        .into_iter()
        .zip(0..)
        .map(|(light, row)| {
            let members = [light.id, light.parent_id.unwrap_or_default()];
            let seed = CopySeed {
                row,
                server_id: 1,
                library_row: Some(1),
                light: Packed::from(&light),
                first_seen_at: 0,
                changed_at: 0,
                members: Box::new(members),
            };
            // The database holds an id once a server.
            (seed.light.id, seed)
        })
        .collect::<HashMap<UpstreamId, CopySeed>>()
        .into_values()
        .map(|seed| KnownCopy::of(seed, &servers, &ids).expect("its server is known"))
        .collect();
    let count = copies.len();
    let (snapshot, _) = build(Parts {
        servers,
        source_libraries: vec![SourceLibrary {
            row: 1,
            server: 0,
            library_id: UpstreamId::default(),
            id: PublicId::default(),
            name: "Films".to_owned(),
            collection_type: None,
            body: None,
        }],
        merged_libraries: Vec::new(),
        copies,
        joined: &[],
        parted: &[],
        remembered: &Default::default(),
        ids: &ids,
        generation: 1,
    });
    assert_eq!(snapshot.copies.len(), count);
    for (at, item) in snapshot.items.iter().enumerate() {
        // Following parents comes to an end, whatever nests in what.
        let (mut parent, mut steps) = (item.family.parent(), 0);
        while let Some(next) = parent {
            assert!(
                next as usize != at && steps <= snapshot.items.len(),
                "a cycle"
            );
            (parent, steps) = (snapshot.item(next).family.parent(), steps + 1);
        }
    }
}

/// The other bodies that servers and clients send.
fn bodies(value: &Value) {
    let _ = serde_json::from_value::<UserDto>(value.clone());
    let _ = serde_json::from_value::<AuthenticationResult>(value.clone());
    let _ = serde_json::from_value::<SystemInfo>(value.clone());
    let _ = serde_json::from_value::<PlaybackInfoRequest>(value.clone());
    let _ = serde_json::from_value::<PlaybackReport>(value.clone());
    let _ = serde_json::from_value::<UserItemData>(value.clone());
}
