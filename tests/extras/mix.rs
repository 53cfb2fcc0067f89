//! Instant mixes: of songs that share a genre with what one listens to.

use std::collections::BTreeSet;

use manyfin::model::ItemKind;
use reqwest::Method;
use serde_json::Value;

use super::shelves::{Shelves, id};

fn genres(item: &Value) -> BTreeSet<&str> {
    let genres = item["Genres"].as_array().expect("genres").iter();
    genres
        .map(|genre| genre.as_str().expect("a name"))
        .collect()
}

fn items(page: &Value) -> &[Value] {
    page["Items"].as_array().expect("a list")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_is_of_its_kind_of_music() {
    let shelves = Shelves::new().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let songs = ann
        .get("/Items?recursive=true&includeItemTypes=Audio&fields=Genres")
        .await;
    let songs = items(&songs);
    let song = &songs[0];
    let fits = |other: &&Value| !genres(other).is_disjoint(&genres(song));
    let like: BTreeSet<&str> = songs.iter().filter(fits).map(id).collect();
    assert!(like.len() > 1 && like.len() < songs.len(), "{}", like.len());

    let mix = ann.get(&format!("/Items/{}/InstantMix", id(song))).await;
    let mixed: Vec<&str> = items(&mix).iter().map(id).collect();
    assert_eq!(mixed[0], id(song));
    assert_eq!(mixed.iter().copied().collect::<BTreeSet<_>>(), like);
    assert_eq!(
        (mixed.len(), &mix["TotalRecordCount"]),
        (like.len(), &like.len().into())
    );
    let short = ann
        .get(&format!("/Songs/{}/InstantMix?limit=1", id(song)))
        .await;
    assert_eq!(
        (items(&short).len(), &short["TotalRecordCount"]),
        (1, &like.len().into())
    );

    // Of its album, its artist and its genre the same.
    let album = song["AlbumId"].as_str().expect("an album");
    let artist = song["ArtistItems"][0]["Id"].as_str().expect("an artist");
    let genre = genres(song).into_iter().next().expect("a genre").to_owned();
    let named = genre.replace(' ', "%20");
    for path in [
        format!("/Albums/{album}/InstantMix"),
        format!("/Artists/{artist}/InstantMix"),
        format!("/Artists/InstantMix?id={artist}"),
        format!("/MusicGenres/{named}/InstantMix"),
    ] {
        let mix = ann.get(&path).await;
        let found: BTreeSet<&str> = items(&mix).iter().map(id).collect();
        assert!(found.contains(id(song)), "{path}");
        assert!(found.is_subset(&like), "{path}");
    }
    // A film is no music; what one does not see is like nothing.
    let (film, _, _) = shelves.shared(ItemKind::Movie);
    let film = shelves.named(&ann, "Movie", &film).await;
    assert_eq!(
        ann.get(&format!("/Items/{}/InstantMix", id(&film))).await["TotalRecordCount"],
        0
    );
    let nobodys = "/Items/00000000000000000000000000000001/InstantMix";
    assert_eq!(ann.ask(Method::GET, nobodys, None).await.0, 404);
    let ben = shelves.gateway.sign_in("ben").await;
    let bens = ben
        .get("/Items?recursive=true&includeItemTypes=Audio")
        .await;
    let bens: BTreeSet<&str> = items(&bens).iter().map(id).collect();
    for song in songs.iter().map(id) {
        let (status, mix) = ben
            .ask(Method::GET, &format!("/Items/{song}/InstantMix"), None)
            .await;
        assert_eq!(status, if bens.contains(song) { 200 } else { 404 });
        let told = mix["Items"].as_array().into_iter().flatten().map(id);
        assert!(told.into_iter().all(|song| bens.contains(song)));
    }
}
