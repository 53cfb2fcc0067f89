//! Lyrics: of the copy that leads, else of one that has any.

use manyfin::demo::Fault;
use manyfin::model::ItemKind;
use reqwest::Method;
use serde_json::Value;

use super::shelves::{Shelves, id};
use crate::support::gateway::{Client, eventually};

async fn lyrics(client: &Client, track: &str) -> (u16, Value) {
    client
        .ask(Method::GET, &format!("/Audio/{track}/Lyrics"), None)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_copy_that_has_lyrics_tells_them() {
    let shelves = Shelves::new().await;
    let (name, here, there) = shelves.shared(ItemKind::Audio);
    assert!(shelves.attic.set_lyrics(here, &[]));
    assert!(
        shelves
            .basement
            .set_lyrics(there, &[(2, "from below"), (5, "again")])
    );
    shelves.crawl().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let ben = shelves.gateway.sign_in("ben").await;

    // The other copy has them: the item says so, and tells them.
    let track = shelves.named(&ann, "Audio", &name).await;
    assert_eq!(track["HasLyrics"], true, "{track}");
    let (status, told) = lyrics(&ann, id(&track)).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["Lyrics"][0]["Text"], "from below");
    assert_eq!(told["Lyrics"][1]["Start"], 50_000_000);

    // Who does not see that copy has none.
    let bens = shelves.named(&ben, "Audio", &name).await;
    assert_eq!(bens["HasLyrics"], false, "{bens}");
    assert_eq!(lyrics(&ben, id(&bens)).await.0, 404);

    // Nobody is asked by an id that is none of a track, or of nothing.
    let film = ann
        .get("/Items?recursive=true&includeItemTypes=Movie&limit=1")
        .await;
    assert_eq!(lyrics(&ann, id(&film["Items"][0])).await.0, 404);
    assert_eq!(
        lyrics(&ann, "00000000000000000000000000000001").await.0,
        404
    );

    // The leading copy goes first.
    assert!(shelves.attic.set_lyrics(here, &[(1, "from above")]));
    shelves.crawl().await;
    shelves.basement.clear_seen();
    let (_, told) = lyrics(&ann, id(&track)).await;
    assert_eq!(told["Lyrics"][0]["Text"], "from above");
    let asked = shelves.basement.seen();
    assert!(!asked.iter().any(|seen| seen.path.ends_with("/Lyrics")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_is_passed_over_and_told_where_nobody_else_knows() {
    let shelves = Shelves::new().await;
    let (name, here, there) = shelves.shared(ItemKind::Audio);
    assert!(shelves.attic.set_lyrics(here, &[(1, "from above")]));
    assert!(shelves.basement.set_lyrics(there, &[(2, "from below")]));
    shelves.crawl().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let track = shelves.named(&ann, "Audio", &name).await;
    let track = id(&track).to_owned();

    // It takes the request and never answers.
    shelves.attic.set_fault(Some(Fault::Stuck));
    let (status, told) = lyrics(&ann, &track).await;
    assert_eq!(
        (status, &told["Lyrics"][0]["Text"]),
        (200, &"from below".into())
    );
    // Neither does the other tell any: that is no 404.
    shelves.basement.set_fault(Some(Fault::Status500));
    shelves.attic.set_fault(Some(Fault::Status500));
    assert_eq!(lyrics(&ann, &track).await.0, 503);

    shelves.attic.set_fault(None);
    shelves.basement.set_fault(None);
    shelves.attic.stop();
    eventually("the other one tells them", async || {
        lyrics(&ann, &track).await.1["Lyrics"][0]["Text"] == "from below"
    })
    .await;
}
