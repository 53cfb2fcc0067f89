//! What is listed by name: genres, studios, people, artists, years. A name exists for a viewer as long
//! as a copy that they see carries it.

use std::collections::HashMap;

use crate::catalog::scope::Projection;
use crate::catalog::snapshot::{Copy, ItemIx};
use crate::merge::name::fold;
use crate::model::{ItemKind, NameKind, PublicId, UpstreamId};

/// Position of a name in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameRef {
    pub kind: NameKind,
    pub at: u32,
}

/// A name with what it takes to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct NameEntry {
    pub id: PublicId,
    pub name: String,
    /// Where its picture and details are: position of the server, upstream id.
    pub source: Option<(u32, UpstreamId)>,
    /// (tag, position of the server, upstream id).
    pub image: Option<(String, u32, UpstreamId)>,
    /// How many visible items of each kind carry it.
    pub counts: Vec<(ItemKind, u32)>,
}

/// All names of one projection, each kind sorted by folded name.
#[derive(Debug, Default)]
pub struct Names {
    kinds: HashMap<NameKind, Vec<NameEntry>>,
    by_id: HashMap<PublicId, NameRef>,
}

impl Names {
    pub fn entry(&self, name: NameRef) -> &NameEntry {
        &self.kinds[&name.kind][name.at as usize]
    }

    pub fn find(&self, id: PublicId) -> Option<NameRef> {
        self.by_id.get(&id).copied()
    }

    /// A name as people type it: case and accents do not matter.
    pub fn find_name(&self, kind: NameKind, name: &str) -> Option<NameRef> {
        let key = fold(name);
        self.of_kind(kind)
            .find(|at| fold(&self.entry(*at).name) == key)
    }

    pub fn of_kind(&self, kind: NameKind) -> impl Iterator<Item = NameRef> + use<'_> {
        let count = self.kinds.get(&kind).map_or(0, Vec::len);
        (0..count as u32).map(move |at| NameRef { kind, at })
    }

    /// Reads every visible item once.
    pub fn of(projection: &Projection) -> Self {
        let mut found: HashMap<(NameKind, String), NameEntry> = HashMap::new();
        let snapshot = &projection.snapshot;
        // The first in copy order tells how a name is written, and where it is from.
        let mut entries: Vec<ItemIx> = projection.members(None).iter().map(|e| e.item).collect();
        entries.sort_by_cached_key(|item| snapshot.copy_order(snapshot.item(*item).copies[0]));
        for item in entries {
            let item = snapshot.item(item);
            let mut carried: Vec<(NameKind, String)> = Vec::new();
            for copy in item.copies.iter().filter(|copy| projection.sees(**copy)) {
                let copy = projection.snapshot.copy(*copy);
                each_name(copy, |kind, name, id, tag| {
                    let key = (kind, fold(name));
                    let entry = found.entry(key.clone()).or_insert_with(|| NameEntry {
                        id: projection.ids.name(kind, &key.1),
                        name: name.to_owned(),
                        source: None,
                        image: None,
                        counts: Vec::new(),
                    });
                    if entry.source.is_none() {
                        entry.source = id.map(|id| (copy.server, id));
                    }
                    if let (None, Some(tag), Some(id)) = (&entry.image, tag, id) {
                        entry.image = Some((tag.to_owned(), copy.server, id));
                    }
                    if !carried.contains(&key) {
                        carried.push(key);
                    }
                });
            }
            for key in carried {
                let counts = &mut found.get_mut(&key).expect("just found").counts;
                match counts.iter_mut().find(|(kind, _)| *kind == item.kind) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((item.kind, 1)),
                }
            }
        }
        let mut names = Self::default();
        for ((kind, _), entry) in found {
            names.kinds.entry(kind).or_default().push(entry);
        }
        for (kind, entries) in &mut names.kinds {
            entries.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.id));
            for (at, entry) in entries.iter().enumerate() {
                names.by_id.insert(
                    entry.id,
                    NameRef {
                        kind: *kind,
                        at: at as u32,
                    },
                );
            }
        }
        names
    }
}

/// Calls with every name that a copy carries: kind, name, upstream id, picture tag.
pub fn each_name(
    copy: &Copy,
    mut found: impl FnMut(NameKind, &str, Option<UpstreamId>, Option<&str>),
) {
    let light = &copy.light;
    let music = matches!(
        light.kind,
        ItemKind::Audio | ItemKind::MusicAlbum | ItemKind::MusicArtist | ItemKind::MusicVideo
    );
    let genre = if music {
        NameKind::MusicGenre
    } else {
        NameKind::Genre
    };
    for name in light.genres() {
        let id = light
            .genre_items()
            .find(|item| item.name == name)
            .and_then(|item| item.id);
        found(genre, &name, id, None);
    }
    for studio in light.studios() {
        found(NameKind::Studio, &studio.name, studio.id, None);
    }
    if !music {
        for person in light.people() {
            found(
                NameKind::Person,
                &person.name,
                person.id,
                person.primary_image_tag.as_deref(),
            );
        }
    }
    if music {
        for artist in light.artist_items() {
            found(NameKind::Artist, &artist.name, artist.id, None);
        }
        for artist in light.album_artists() {
            found(NameKind::AlbumArtist, &artist.name, artist.id, None);
        }
    }
    if let Some(year) = light.production_year() {
        found(NameKind::Year, &year.to_string(), None, None);
    }
}
