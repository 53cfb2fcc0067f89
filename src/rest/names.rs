//! What is listed by name: genres, studios, people, artists, years.

use serde_json::json;

use super::error::RestError;
use super::present::list::{self, Node, Page};
use super::route::{Answer, Ask, Route, routes};
use super::{filter, present, queries};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/genres" User genres;
    Get "/genres/{name}" User genre;
    Get "/musicgenres" User music_genres;
    Get "/musicgenres/{name}" User music_genre;
    Get "/studios" User studios;
    Get "/studios/{name}" User studio;
    Get "/persons" User persons;
    Get "/persons/{name}" User person;
    Get "/artists" User artists;
    Get "/artists/albumartists" User album_artists;
    Get "/artists/{name}" User artist;
    Get "/years" User years;
    Get "/years/{name}" User year;
};

async fn many(ask: Ask, kind: &'static str) -> Answer {
    ask.own()?;
    let paging = filter::paging(&ask.params)?;
    let mut filter = filter::items(&ask.params)?;
    let favorite = filter.get("favorite").cloned();
    filter.remove("favorite");
    filter.set("recursive", true);
    if let Some(id) = ask.params.id("appearsInItemId")? {
        filter.set("ids", json!([id]));
    }
    let sort = filter::sort(&ask.params);
    ask.seed(&mut filter, &sort);
    let mut body = filter::body(&ask.params)?;
    if matches!(kind, "GENRE" | "MUSIC_GENRE") {
        // Jellyfin tells what a user did with anything but with genres.
        body["userData"] = json!(false);
    }
    let variables = json!({
        "kind": kind,
        "filter": filter.into_value(),
        "favorite": favorite,
        "sort": sort,
        "offset": paging.offset,
        "first": paging.first,
        "body": body,
    });
    let mut data = ask.run(&queries::NAMES, variables).await?;
    let page: Page = data.take("names")?;
    let page = page.counted(filter::wants_total(&ask.params)?)?;
    Ok(list::page(page, paging.offset))
}

async fn one(ask: Ask, kind: &'static str) -> Answer {
    ask.own()?;
    let name = ask.segment("name").trim();
    if name.is_empty() {
        return Err(RestError::NotFound);
    }
    let variables = json!({"kind": kind, "name": name, "body": filter::whole_body()});
    let mut data = ask.run(&queries::NAME, variables).await?;
    let node: Node = data.found("name")?;
    Ok(present::raw(node.body))
}

async fn genres(ask: Ask) -> Answer {
    many(ask, "GENRE").await
}
async fn genre(ask: Ask) -> Answer {
    one(ask, "GENRE").await
}
async fn music_genres(ask: Ask) -> Answer {
    many(ask, "MUSIC_GENRE").await
}
async fn music_genre(ask: Ask) -> Answer {
    one(ask, "MUSIC_GENRE").await
}
async fn studios(ask: Ask) -> Answer {
    many(ask, "STUDIO").await
}
async fn studio(ask: Ask) -> Answer {
    one(ask, "STUDIO").await
}
async fn persons(ask: Ask) -> Answer {
    many(ask, "PERSON").await
}
async fn person(ask: Ask) -> Answer {
    one(ask, "PERSON").await
}
async fn artists(ask: Ask) -> Answer {
    many(ask, "ARTIST").await
}
async fn album_artists(ask: Ask) -> Answer {
    many(ask, "ALBUM_ARTIST").await
}
async fn artist(ask: Ask) -> Answer {
    one(ask, "ARTIST").await
}
async fn years(ask: Ask) -> Answer {
    many(ask, "YEAR").await
}
async fn year(ask: Ask) -> Answer {
    one(ask, "YEAR").await
}
