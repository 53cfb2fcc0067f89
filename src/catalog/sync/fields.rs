//! Which fields a crawl asks for, and which part of a light item they fill.

use crate::wire::LightItem;

/// What costs a server next to nothing, so that large pages stay fast.
pub(super) const LIGHT: &str = "AirTime,CustomRating,DateCreated,DateLastMediaAdded,Etag,Genres,\
LocalTrailerCount,OriginalTitle,Overview,ParentId,Path,ProviderIds,PrimaryImageAspectRatio,\
RemoteTrailers,SeriesStudio,Settings,SortName,Studios,Tags,Width,Height,IsHD";

/// Takes over what only bodies tell, from what was known before.
pub(super) fn keep_dear(page: &mut LightItem, known: &LightItem) {
    page.people.clone_from(&known.people);
    page.media_sources.clone_from(&known.media_sources);
    page.special_feature_count = known.special_feature_count;
}

/// Whether two states of an item differ in anything but their etag: scans save seasons, albums and
/// box sets anew without a change.
pub(super) fn same(a: &LightItem, b: &LightItem) -> bool {
    let plain = |item: &LightItem| LightItem {
        etag: None,
        ..item.clone()
    };
    plain(a) == plain(b)
}
