//! Which pictures a body tells of.

use serde_json::{Value, json};

use super::IdMap;
use super::light::Writer;
use crate::catalog::snapshot::Copy;
use crate::model::BodyOptions;
use crate::wire::{Body, Packed, Tag};

/// Tags name the copy whose picture it is; the hashes go with them.
pub(super) fn images(
    copies: &[&Copy],
    poster: Option<&Copy>,
    ids: &IdMap<'_>,
    options: &BodyOptions,
    out: &mut Writer<'_>,
) {
    if !options.images {
        // Jellyfin tells no tags then, but always this.
        out.put("ImageBlurHashes", Value::Object(Body::new()));
        return;
    }
    let lead = copies[0];
    let wanted = |kind: &str| {
        options.image_types.is_empty() || options.image_types.contains(&kind.to_ascii_lowercase())
    };
    let limit = options.image_type_limit.unwrap_or(usize::MAX);
    let mut hashes = Body::new();
    let mut tags = Body::new();
    let chosen = poster.and_then(|copy| Some((copy, copy.light.image_tags().get("Primary")?)));
    if let Some((copy, tag)) = chosen.filter(|_| wanted("Primary") && limit > 0) {
        tags.insert("Primary".into(), json!(tag));
        add_hash(&mut hashes, &copy.light, "Primary", &tag);
    }
    for copy in copies {
        for (kind, tag) in copy
            .light
            .image_tags()
            .filter(|(kind, _)| wanted(kind) && limit > 0)
        {
            if tags.contains_key(kind.as_str()) {
                continue;
            }
            tags.insert(kind.to_string(), json!(tag));
            add_hash(&mut hashes, &copy.light, &kind, &tag);
        }
    }
    let backdrops = copies
        .iter()
        .find(|copy| !copy.light.backdrop_image_tags().is_empty());
    let mut backdrop_tags = Vec::new();
    if let Some(copy) = backdrops.filter(|_| wanted("Backdrop")) {
        for tag in copy.light.backdrop_image_tags().take(limit) {
            add_hash(&mut hashes, &copy.light, "Backdrop", &tag);
            backdrop_tags.push(tag);
        }
    }
    out.put("ImageTags", Value::Object(tags));
    out.put("BackdropImageTags", json!(backdrop_tags));
    inherited(&lead.light, ids, &wanted, &mut hashes, out);
    out.put("ImageBlurHashes", Value::Object(hashes));
}

fn inherited(
    light: &Packed,
    ids: &IdMap<'_>,
    wanted: &dyn Fn(&str) -> bool,
    hashes: &mut Body,
    out: &mut Writer<'_>,
) {
    if let Some(owner) = light
        .parent_backdrop_item_id()
        .filter(|_| wanted("Backdrop"))
    {
        out.put("ParentBackdropItemId", ids.item(owner).to_string());
        out.put(
            "ParentBackdropImageTags",
            json!(light.parent_backdrop_image_tags()),
        );
        for tag in light.parent_backdrop_image_tags() {
            add_hash(hashes, light, "Backdrop", &tag);
        }
    }
    let single = [
        (
            "Logo",
            "ParentLogoItemId",
            light.parent_logo_item_id(),
            "ParentLogoImageTag",
            light.parent_logo_image_tag(),
        ),
        (
            "Art",
            "ParentArtItemId",
            light.parent_art_item_id(),
            "ParentArtImageTag",
            light.parent_art_image_tag(),
        ),
        (
            "Thumb",
            "ParentThumbItemId",
            light.parent_thumb_item_id(),
            "ParentThumbImageTag",
            light.parent_thumb_image_tag(),
        ),
        (
            "Primary",
            "ParentPrimaryImageItemId",
            light.parent_primary_image_item_id(),
            "ParentPrimaryImageTag",
            light.parent_primary_image_tag(),
        ),
    ];
    for (kind, owner_field, owner, tag_field, tag) in single {
        if let (Some(owner), Some(tag)) = (owner.filter(|_| wanted(kind)), tag) {
            out.put(owner_field, ids.item(owner).to_string());
            add_hash(hashes, light, kind, &tag);
            out.put(tag_field, tag);
        }
    }
    for tag in [
        light.series_primary_image_tag(),
        light.album_primary_image_tag(),
    ]
    .into_iter()
    .flatten()
    {
        add_hash(hashes, light, "Primary", &tag);
    }
}

fn add_hash(hashes: &mut Body, light: &Packed, kind: &str, tag: &Tag) {
    let of_kind = light.image_blur_hashes().get(kind);
    if let Some(hash) = of_kind.and_then(|hashes| hashes.get(tag)) {
        let of_kind = hashes.entry(kind.to_owned()).or_insert_with(|| json!({}));
        of_kind[tag.to_string()] = json!(hash);
    }
}
