//! The part of a body that lists always show, from the snapshot alone, and the light fields that are
//! shown when asked for. What the leading copy lacks comes from the next copy that has it.

use serde_json::{Value, json};

use super::pictures::images;
use super::{IdMap, Identity};
use crate::catalog::query::{is_hd, size};
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, CopyIx};
use crate::model::{BodyOptions, ItemKind, NameKind};
use crate::wire::{Body, Items, NameId, Packed};

/// Jellyfin's form of a time: seven digits of a second, `Z`.
pub fn time(at: chrono::DateTime<chrono::Utc>) -> Value {
    json!(at.format("%Y-%m-%dT%H:%M:%S%.9f").to_string()[..27].to_owned() + "Z")
}

/// Writes fields that are there.
pub(super) struct Writer<'a> {
    body: Body,
    options: &'a BodyOptions,
}

impl Writer<'_> {
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.body.insert(name.to_owned(), value.into());
    }
    fn opt<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
    /// A field that is shown when asked for (by its own name).
    fn asked<T: Into<Value>>(&mut self, name: &str, value: impl FnOnce() -> Option<T>) {
        if self.options.wants(&name.to_ascii_lowercase()) {
            self.opt(name, value());
        }
    }
}

pub fn light(
    scope: &Scope,
    entry: &ItemEntry,
    copies: &[CopyIx],
    options: &BodyOptions,
    ids: &IdMap<'_>,
    us: &Identity,
) -> Body {
    let snapshot = scope.snapshot();
    let copy = snapshot.copy(entry.lead);
    let item = snapshot.item(entry.item);
    let light = &copy.light;
    let others: Vec<&Copy> = copies.iter().map(|copy| snapshot.copy(*copy)).collect();
    let mut out = Writer {
        body: Body::new(),
        options,
    };

    out.put("Name", light.name());
    out.asked("OriginalTitle", || {
        first(&others, |light| light.original_title())
    });
    out.put("ServerId", us.server_id.clone());
    out.put("Id", entry.id.to_string());
    out.asked("Etag", || light.etag());
    out.asked("DateCreated", || light.date_created().map(time));
    out.asked("DateLastMediaAdded", || {
        light.date_last_media_added().map(time)
    });
    out.asked("CanDelete", || Some(false));
    out.asked("CanDownload", || Some(!light.is_folder));
    // These lists are asked of the copies in turn: what one has, the item has.
    out.opt(
        "HasLyrics",
        first(&others, |light| light.has_lyrics().filter(|has| *has)).or(light.has_lyrics()),
    );
    out.opt(
        "HasSubtitles",
        first(&others, |light| light.has_subtitles().filter(|has| *has)),
    );
    out.opt("Container", light.container());
    if options.wants("sortname") {
        out.put(
            "SortName",
            light
                .sort_name()
                .map_or_else(|| light.name().to_lowercase(), str::to_owned),
        );
        out.opt("ForcedSortName", light.forced_sort_name());
    }
    out.opt(
        "PremiereDate",
        first(&others, |light| light.premiere_date()).map(time),
    );
    out.asked("Path", || light.path());
    out.asked("EnableMediaSourceDisplay", || Some(true));
    out.opt(
        "CriticRating",
        first(&others, |light| light.critic_rating()).map(number),
    );
    out.opt(
        "OfficialRating",
        first(&others, |light| light.official_rating()),
    );
    out.asked("CustomRating", || light.custom_rating());
    out.put("ChannelId", Value::Null);
    out.asked("Overview", || first(&others, |light| light.overview()));
    // Lists too come from the first copy that has any.
    let genres = first(&others, |light| {
        Some(light.genres()).filter(|list| !list.is_empty())
    });
    let genres = genres.unwrap_or_default();
    out.asked("Genres", || Some(json!(genres)));
    out.opt(
        "CommunityRating",
        first(&others, |light| light.community_rating()).map(number),
    );
    out.opt("RunTimeTicks", light.run_time_ticks());
    out.asked("PlayAccess", || Some("Full"));
    out.opt(
        "ProductionYear",
        first(&others, |light| light.production_year()),
    );
    out.opt("IndexNumber", light.index_number());
    out.opt("IndexNumberEnd", light.index_number_end());
    out.opt("ParentIndexNumber", light.parent_index_number());
    if options.wants("providerids") {
        out.put("ProviderIds", provider_ids(&others));
    }
    if options.wants("ishd") && light.is_hd() == Some(true) {
        out.put("IsHD", true);
    }
    out.put("IsFolder", light.is_folder);
    out.asked("ParentId", || Some(parent_id(scope, entry, ids)));
    out.put("Type", light.kind.as_str());
    if options.wants("people") {
        out.put("People", people(&others, ids));
    }
    out.asked("Studios", || {
        let studios = first(&others, |light| {
            Some(light.studios()).filter(|list| !list.is_empty())
        });
        let studios = studios
            .unwrap_or_default()
            .map(|studio| named(&studio.name, ids.name(NameKind::Studio, &studio.name)));
        Some(studios.collect::<Value>())
    });
    out.asked("Genres", || {
        let genres = genres
            .clone()
            .map(|name| named(&name, genre_id(light, &name, ids)));
        Some(genres.collect::<Value>())
    });
    if let Some(items) = out
        .body
        .get("Genres")
        .cloned()
        .filter(|_| options.wants("genres"))
    {
        out.put("GenreItems", items);
        out.put("Genres", json!(genres));
    }
    out.asked("LocalTrailerCount", || {
        first(&others, |light| {
            light.local_trailer_count().filter(|count| *count > 0)
        })
        .or(light.local_trailer_count())
    });
    out.asked("SpecialFeatureCount", || {
        first(&others, |light| {
            light.special_feature_count().filter(|count| *count > 0)
        })
        .or(light.special_feature_count())
    });
    children(scope, entry, &mut out);
    family(snapshot, item, light, ids, &mut out);
    music(light, item, snapshot, ids, &mut out);
    if light.kind == ItemKind::Series {
        out.put("AirDays", json!(light.air_days()));
        out.opt("AirTime", light.air_time());
        out.opt("Status", light.status());
    }
    out.opt("EndDate", light.end_date().map(time));
    out.opt("DisplayOrder", light.display_order());
    out.asked("Tags", || Some(json!(light.tags())));
    let (width, height) = size(light);
    if light.kind.media_type() == "Video" && light.video_type().is_some() {
        out.asked("Width", || width);
        out.asked("Height", || height);
        if options.wants("ishd") && is_hd(width, height) && light.is_hd().is_none() {
            out.put("IsHD", true);
        }
    }
    if options.wants("primaryimageaspectratio") || light.kind == ItemKind::Season {
        out.opt(
            "PrimaryImageAspectRatio",
            light.primary_image_aspect_ratio().map(number),
        );
    }
    out.opt("VideoType", light.video_type());
    out.opt("CollectionType", light.collection_type());
    out.opt("NormalizationGain", light.normalization_gain());
    let by_own_id = copy.id == entry.id;
    let poster = snapshot.chosen_poster(copies).filter(|_| !by_own_id);
    let poster = poster.map(|copy| snapshot.copy(copy));
    images(&others, poster, ids, options, &mut out);
    out.put(
        "LocationType",
        light.location_type().unwrap_or_else(|| "FileSystem".into()),
    );
    out.put(
        "MediaType",
        light
            .media_type()
            .unwrap_or_else(|| light.kind.media_type().into()),
    );
    out.body
}

fn first<'a, T>(copies: &[&'a Copy], of: impl Fn(&'a Packed) -> Option<T>) -> Option<T> {
    copies.iter().find_map(|copy| of(&copy.light))
}

/// Whole numbers go out without a fraction, as Jellyfin writes them.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn named(name: &str, id: crate::model::PublicId) -> Value {
    json!({ "Name": name, "Id": id })
}

fn genre_id(light: &Packed, name: &str, ids: &IdMap<'_>) -> crate::model::PublicId {
    let music = light.kind.media_type() == "Audio"
        || matches!(
            light.kind,
            ItemKind::MusicAlbum | ItemKind::MusicArtist | ItemKind::MusicVideo
        );
    ids.name(
        if music {
            NameKind::MusicGenre
        } else {
            NameKind::Genre
        },
        name,
    )
}

fn provider_ids(copies: &[&Copy]) -> Value {
    let mut union = Body::new();
    for (provider, id) in copies.iter().flat_map(|copy| copy.light.provider_ids()) {
        union.entry(provider).or_insert_with(|| json!(id));
    }
    Value::Object(union)
}

fn people(copies: &[&Copy], ids: &IdMap<'_>) -> Value {
    let Some(copy) = copies.iter().find(|copy| !copy.light.people().is_empty()) else {
        return json!([]);
    };
    let people = copy.light.people().map(|person| {
        let mut out = Body::new();
        out.insert("Name".into(), json!(person.name));
        out.insert("Id".into(), json!(ids.name(NameKind::Person, &person.name)));
        if let Some(role) = &person.role {
            out.insert("Role".into(), json!(role));
        }
        if let Some(kind) = &person.kind {
            out.insert("Type".into(), json!(kind));
        }
        if let Some(tag) = &person.primary_image_tag {
            out.insert("PrimaryImageTag".into(), json!(tag));
        }
        Value::Object(out)
    });
    people.collect()
}

/// The item that holds this one; at the top, the library.
fn parent_id(scope: &Scope, entry: &ItemEntry, ids: &IdMap<'_>) -> Value {
    let snapshot = scope.snapshot();
    let copy = snapshot.copy(entry.lead);
    if let Some(parent) = snapshot.item(entry.item).family.parent() {
        return json!(snapshot.item(parent).id);
    }
    let view = scope
        .projection
        .views
        .iter()
        .find(|view| scope.projection.lists(view.library, entry.lead));
    match (view, copy.light.parent_id()) {
        (Some(view), _) => json!(view.id),
        (None, Some(parent)) => json!(ids.item(parent)),
        (None, None) => Value::Null,
    }
}

fn children(scope: &Scope, entry: &ItemEntry, out: &mut Writer<'_>) {
    let item = scope.snapshot().item(entry.item);
    if !item.kind.is_folder() {
        return;
    }
    let members = item.members.iter();
    let members = members.filter(|member| scope.projection.sees_item(**member));
    let direct = scope.children(entry.item).len() + members.count();
    out.asked("ChildCount", || Some(direct));
    if matches!(item.kind, ItemKind::MusicArtist | ItemKind::MusicAlbum) {
        out.asked("CumulativeRunTimeTicks", || {
            scope.snapshot().copy(entry.lead).light.run_time_ticks()
        });
    }
    if out.options.wants("recursiveitemcount") {
        let all = crate::catalog::watch::ItemState::of(scope, entry)
            .unplayed
            .map_or(0, |(_, all)| all);
        out.put("RecursiveItemCount", all);
    }
}

fn family(
    snapshot: &crate::catalog::snapshot::Snapshot,
    item: &crate::catalog::snapshot::Item,
    light: &Packed,
    ids: &IdMap<'_>,
    out: &mut Writer<'_>,
) {
    if !matches!(light.kind, ItemKind::Season | ItemKind::Episode) {
        return;
    }
    let related = |known: Option<u32>, told: Option<crate::model::UpstreamId>| {
        known
            .map(|ix| snapshot.item(ix).id)
            .or_else(|| told.map(|id| ids.item(id)))
    };
    out.opt("SeriesName", light.series_name());
    out.opt(
        "SeriesId",
        related(item.family.series(), light.series_id()).map(|id| id.to_string()),
    );
    if light.kind == ItemKind::Episode {
        out.opt(
            "SeasonId",
            related(item.family.season(), light.season_id()).map(|id| id.to_string()),
        );
        out.opt("SeasonName", light.season_name());
    }
    out.asked("SeriesStudio", || light.series_studio());
    out.opt("SeriesPrimaryImageTag", light.series_primary_image_tag());
    out.opt("SeriesThumbImageTag", light.series_thumb_image_tag());
}

fn music(
    light: &Packed,
    item: &crate::catalog::snapshot::Item,
    snapshot: &crate::catalog::snapshot::Snapshot,
    ids: &IdMap<'_>,
    out: &mut Writer<'_>,
) {
    if !matches!(
        light.kind,
        ItemKind::Audio | ItemKind::MusicAlbum | ItemKind::MusicVideo
    ) {
        return;
    }
    let artists = |artists: Items<'_, NameId>| -> Value {
        artists
            .map(|artist| named(&artist.name, ids.artist(&artist)))
            .collect()
    };
    out.put("Artists", json!(light.artists()));
    out.put("ArtistItems", artists(light.artist_items()));
    if light.kind == ItemKind::Audio {
        out.opt("Album", light.album());
        let album = item
            .family
            .album()
            .map(|ix| snapshot.item(ix).id)
            .or_else(|| light.album_id().map(|id| ids.item(id)));
        out.opt("AlbumId", album.map(|id| id.to_string()));
        out.opt("AlbumPrimaryImageTag", light.album_primary_image_tag());
    }
    out.opt("AlbumArtist", light.album_artist());
    out.put("AlbumArtists", artists(light.album_artists()));
}
