//! Queries and paths in the forms that clients send.

use serde_json::{Value, json};

use crate::rest::error::RestError;
use crate::rest::params::Params;
use crate::rest::{filter, paths};

fn items(query: &str) -> Value {
    filter::items(&Params::parse(Some(query)))
        .unwrap()
        .into_value()
}

const ID: &str = "aeececf56199007eaa4009c41e3aa7aa";

#[test]
fn names_have_no_case_and_lists_repeat() {
    assert_eq!(
        items("IncludeItemTypes=Movie&includeitemtypes=series,musicAlbum&RECURSIVE=True"),
        json!({"recursive": true, "kinds": ["MOVIE", "SERIES", "MUSIC_ALBUM"]})
    );
    assert_eq!(
        items("genres=Drama%7CSci-Fi,%20Old&studios=H%C3%B6hle+Film"),
        json!({"genres": ["Drama", "Sci-Fi, Old"], "studios": ["Höhle Film"]})
    );
}

#[test]
fn bad_elements_are_dropped_and_bad_scalars_refused() {
    assert_eq!(items(&format!("ids=zzz,{ID},,")), json!({"ids": [ID]}));
    assert_eq!(
        items("includeItemTypes=Nonsense&years=1988,x,1945"),
        json!({"years": [1988, 1945]})
    );
    for (query, field, value) in [
        ("parentId=not-a-guid", "parentId", "not-a-guid"),
        ("isHd=perhaps", "isHd", "perhaps"),
        ("minCommunityRating=x", "minCommunityRating", "x"),
        ("MINPREMIEREDATE=yesterday", "minPremiereDate", "yesterday"),
    ] {
        match filter::items(&Params::parse(Some(query))) {
            Err(RestError::Invalid {
                field: told,
                problem,
            }) => {
                assert_eq!(told, field);
                assert_eq!(problem, format!("The value '{value}' is not valid."));
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    assert_eq!(items("parentId=&limit=&isHd="), json!({}));
}

#[test]
fn ids_come_dashed_or_not() {
    let dashed = "parentId=AEECECF5-6199-007e-aa40-09c41e3aa7aa";
    assert_eq!(items(dashed), json!({"parentId": ID}));
    assert_eq!(
        items("parentId=00000000000000000000000000000000"),
        json!({})
    );
}

#[test]
fn states_of_the_user() {
    assert_eq!(
        items("filters=IsUnplayed,IsFavorite&Filters=isresumable"),
        json!({"played": false, "favorite": true, "resumable": true})
    );
    assert_eq!(
        items("isPlayed=true&filters=IsUnplayed"),
        json!({"played": true})
    );
    for pair in [
        "IsPlayed,IsUnplayed",
        "IsFolder,IsNotFolder",
        "Likes,Dislikes",
    ] {
        let query = format!("filters={pair}");
        assert!(matches!(
            filter::items(&Params::parse(Some(&query))),
            Err(RestError::BadRequest)
        ));
    }
}

#[test]
fn what_has_no_file_is_missing() {
    assert_eq!(
        items("excludeLocationTypes=Virtual"),
        json!({"isMissing": false})
    );
    assert_eq!(
        items("locationTypes=virtual&isMissing=false"),
        json!({"isMissing": false})
    );
}

#[test]
fn orders_pair_by_position() {
    let sort = |query: &str| filter::sort(&Params::parse(Some(query)));
    assert_eq!(
        sort("sortBy=ProductionYear,Nonsense,SortName,DateCreated&sortOrder=Descending,Ascending"),
        json!([
            {"by": "PRODUCTION_YEAR", "order": "DESCENDING"},
            {"by": "SORT_NAME", "order": "ASCENDING"},
            {"by": "DATE_CREATED", "order": "DESCENDING"}
        ])
    );
    assert_eq!(
        sort("sortBy=SortName"),
        json!([{"by": "SORT_NAME", "order": "ASCENDING"}])
    );
    assert_eq!(sort("sortOrder=Descending"), json!([]));
}

#[test]
fn pages_and_bodies() {
    let paging = |query: &str| filter::paging(&Params::parse(Some(query))).unwrap();
    assert_eq!(paging("startIndex=20&limit=0").first, Some(0));
    assert_eq!(paging("startIndex=20&limit=0").offset, 20);
    assert_eq!(
        paging("startIndex=-5&limit=-1"),
        filter::Paging {
            offset: 0,
            first: None
        }
    );
    assert!(filter::paging(&Params::parse(Some("limit=ten"))).is_err());
    assert_eq!(
        filter::body(&Params::parse(Some(
            "fields=Path,People&Fields=path&enableImageTypes=Primary&imageTypeLimit=1"
        )))
        .unwrap(),
        json!({
            "fields": ["path", "people"], "images": true, "imageTypeLimit": 1,
            "imageTypes": ["primary"], "userData": true
        })
    );
}

#[test]
fn times_in_every_form() {
    use crate::rest::params::time;
    let at = time("2024-05-06T07:08:09.000Z").unwrap();
    for text in [
        "2024-05-06T07:08:09",
        "2024-05-06T09:08:09+02:00",
        "2024-05-06T09:08:09 02:00",
        "20240506070809",
    ] {
        assert_eq!(time(text), Some(at), "{text}");
    }
    assert!(time("2024-05-06").is_some());
    assert!(time("soon").is_none());
}

#[test]
fn paths_find_their_one_form() {
    for (path, normal) in [
        ("/Items/", "/items"),
        ("/items//", "/items"),
        ("/System/Info/Public", "/system/info/public"),
        (
            "/emby/Users/AuthenticateByName",
            "/users/authenticatebyname",
        ),
        (
            "/MediaBrowser/Items/ABC/Images/PRIMARY",
            "/items/abc/images/primary",
        ),
        ("/Genres/Sci-Fi", "/genres/Sci-Fi"),
        ("/Persons/Ada%20L%2FO", "/persons/Ada%20L%2FO"),
        ("/Artists/AlbumArtists", "/artists/albumartists"),
        ("/Artists/ABBA", "/artists/ABBA"),
        (
            "/DisplayPreferences/userSettings",
            "/displaypreferences/userSettings",
        ),
        ("/Videos/AB/hls1/Main/0.TS", "/videos/ab/hls1/main/0.ts"),
        ("/web/ConfigurationPages", "/web/configurationpages"),
        ("/emby/web/Index.html", "/web/Index.html"),
        (
            "/Items/AB/Images/Primary/0/TaG/Jpg/1/2/0/0",
            "/items/ab/images/primary/0/TaG/jpg/1/2/0/0",
        ),
    ] {
        assert_eq!(paths::normalize(path).as_deref(), Some(normal), "{path}");
    }
    for path in [
        "/",
        "/web/Index.html",
        "/graphql",
        "/ui/Assets/A.js",
        "/items",
        "/emby2/x",
        // What Jellyfin does not have is not below its prefixes.
        "/emby/metrics",
        "/mediabrowser/metrics",
        "/emby/graphql",
    ] {
        assert_eq!(paths::normalize(path), None, "{path}");
    }
}
