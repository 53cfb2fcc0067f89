//! What a server hides from an account does not exist for the user who is linked by it: in lists,
//! counts, search, by any id, as a picture, as a stream, and in GraphQL.

use manyfin::demo::Access;
use manyfin::model::ItemKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, text};

/// Asserts that the film is there for `ann` and not there for `ben`, whichever way it is asked for.
async fn is_hidden(world: &World, film: &Value, ann: &str, ben: &str) {
    let (id, name) = (text(film, "Id"), text(film, "Name"));
    let copy = world.app.app.catalog.snapshot();
    let copy = copy
        .copies
        .iter()
        .find(|copy| copy.light.name() == name)
        .expect("its copy is known");
    let copy = copy.id.to_string();
    let tag = text(&film["ImageTags"], "Primary");
    let word = name.replace(' ', "%20");
    for list in [
        "/Items?recursive=true&includeItemTypes=Movie".to_owned(),
        format!("/Items?parentId={}&recursive=true", world.films),
        format!("/Items?recursive=true&searchTerm={word}"),
        format!("/Items?ids={id},{copy}"),
        format!("/Search/Hints?searchTerm={word}"),
        "/Items/Latest?limit=100".to_owned(),
        "/Items/Suggestions?limit=100".to_owned(),
        "/Movies/Recommendations".to_owned(),
    ] {
        let seen = world.get(&list, ben).await;
        assert_eq!(seen.status, 200, "{list}");
        assert!(!seen.text.contains(&name), "{list} tells of {name}");
        assert!(
            !seen.text.contains(&id) && !seen.text.contains(&copy),
            "{list}"
        );
    }
    // Counts are of what is seen.
    let seen = world.items(ben, "Movie").await.len();
    let counted = world.get("/Items/Counts", ben).await.json();
    assert_eq!(counted["MovieCount"], seen);
    let paged = world
        .get("/Items?recursive=true&includeItemTypes=Movie&limit=0", ben)
        .await;
    assert_eq!(paged.json()["TotalRecordCount"], seen);
    assert!(seen < world.items(ann, "Movie").await.len());

    for id in [&id, &copy] {
        for (method, path) in [
            (Method::GET, format!("/Items/{id}")),
            (Method::GET, format!("/Items/{id}/Similar")),
            (Method::GET, format!("/Items/{id}/Ancestors")),
            (Method::GET, format!("/Items/{id}/Collections")),
            (Method::GET, format!("/Items/{id}/LocalTrailers")),
            (Method::GET, format!("/Items/{id}/SpecialFeatures")),
            (Method::GET, format!("/Items/{id}/ThemeMedia")),
            (Method::GET, format!("/Items/{id}/Intros")),
            (Method::GET, format!("/Videos/{id}/AdditionalParts")),
            (Method::GET, format!("/UserItems/{id}/UserData")),
            (Method::POST, format!("/UserPlayedItems/{id}")),
            (Method::POST, format!("/UserFavoriteItems/{id}")),
            (Method::POST, format!("/Items/{id}/PlaybackInfo")),
            (Method::GET, format!("/Items/{id}/Images/Primary")),
            (Method::GET, format!("/Items/{id}/Images/Primary?tag={tag}")),
            (Method::GET, format!("/Videos/{id}/stream?static=true")),
            (
                Method::GET,
                format!("/Videos/{id}/stream?static=true&mediaSourceId={copy}"),
            ),
            (
                Method::GET,
                format!("/Videos/{id}/master.m3u8?mediaSourceId={copy}"),
            ),
            (Method::GET, format!("/Items/{id}/Download")),
        ] {
            let body = (method == Method::POST).then(|| json!({}));
            let seen = world.ask(method.clone(), &path, ann, body.clone()).await;
            assert!(
                seen.status < 300,
                "ann, {path}: {} {}",
                seen.status,
                seen.text
            );
            let hidden = world.ask(method, &path, ben, body).await;
            assert_eq!(hidden.status, 404, "ben, {path}: {}", hidden.text);
            assert!(!hidden.text.contains(&name), "{path}");
        }
        let query = format!(
            "{{ node(id: \"{id}\") {{ id }} nodes(ids: [\"{id}\"]) {{ id }} item(id: \"{id}\") {{ name }} \
             similar(id: \"{id}\") {{ name }} search(term: {name:?}) {{ totalCount }} }}"
        );
        let told = world.graphql(ben, &query).await;
        assert!(
            !told.to_string().contains(&format!("\"name\":\"{name}")),
            "{told}"
        );
        if told["data"].is_object() {
            assert_eq!(told["data"]["node"], Value::Null, "{told}");
            assert_eq!(told["data"]["item"], Value::Null, "{told}");
            assert_eq!(told["data"]["search"]["totalCount"], 0, "{told}");
        }
        let known = world
            .graphql(ann, &format!("{{ node(id: \"{id}\") {{ id }} }}"))
            .await;
        assert_eq!(known["data"]["node"]["id"], *id, "{known}");
        let none = world
            .graphql(ben, &format!("{{ node(id: \"{id}\") {{ id }} }}"))
            .await;
        assert_eq!(none["data"], json!({ "node": null }), "{none}");
    }
}

async fn film_where(world: &World, ann: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let films = world.items(ann, "Movie").await;
    let pictured = |film: &&Value| film["ImageTags"]["Primary"].is_string();
    let found = films.iter().filter(pictured).find(|film| fits(film));
    found.expect("there is such a film").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_not_shared_is_not_there() {
    let world = World::new().await;
    let hidden = Access {
        hidden_libraries: vec!["Films".to_owned()],
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let (ann, ben) = (
        world.app.sign_in("ann", "ann").await,
        world.app.sign_in("ben", "ben").await,
    );
    let film = film_where(&world, &ann, |_| true).await;
    let views = world.get("/UserViews", &ben).await;
    assert!(!views.text.contains("\"Cinema\""), "{}", views.text);
    assert!(
        world
            .get("/UserViews", &ann)
            .await
            .text
            .contains("\"Cinema\"")
    );
    let missing = world.get(&format!("/Items/{}", world.films), &ben).await;
    assert_eq!(missing.status, 404);
    // The list of a library that is not there is refused: what is asked of it is in no list.
    let list = format!("/Items?parentId={}&recursive=true", world.films);
    assert_eq!(world.get(&list, &ben).await.status, 400);
    let everything = world.get("/Items?recursive=true&limit=1000", &ben).await;
    assert!(!everything.text.contains("\"Type\":\"Movie\""));
    assert!(!everything.text.contains(&text(&film, "Name")));
    assert!(everything.json()["TotalRecordCount"].as_i64() > Some(0));
    let node = format!("{{ node(id: \"{}\") {{ id }} }}", text(&film, "Id"));
    assert_eq!(
        world.graphql(&ben, &node).await["data"]["node"],
        Value::Null
    );
    let library = format!("{{ node(id: \"{}\") {{ id }} }}", world.films);
    assert_eq!(
        world.graphql(&ben, &library).await["data"]["node"],
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parental_rating_hides_what_is_above_it() {
    let world = World::new().await;
    let hidden = Access {
        max_rating: Some("PG".to_owned()),
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let (ann, ben) = (
        world.app.sign_in("ann", "ann").await,
        world.app.sign_in("ben", "ben").await,
    );
    let film = film_where(&world, &ann, |film| film["OfficialRating"] == "R").await;
    is_hidden(&world, &film, &ann, &ben).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_tag_hides_what_carries_it() {
    let world = World::new().await;
    let hidden = Access {
        blocked_tags: vec!["late night".to_owned()],
        ..Access::default()
    };
    let ann = world.app.sign_in("ann", "ann").await;
    let film = film_where(&world, &ann, |_| true).await;
    let name = text(&film, "Name");
    let copies = world.demo.items(ItemKind::Movie);
    let mut copies = copies.into_iter();
    let copy = copies.find(|id| world.demo.item_name(*id).as_deref() == Some(name.as_str()));
    let copy = copy.expect("the server has it");
    assert!(world.demo.edit_item(copy, |body| {
        body.insert("Tags".to_owned(), json!(["late night"]));
    }));
    world.app.crawl(world.server).await;
    world.restricted("ben", hidden).await;
    let ben = world.app.sign_in("ben", "ben").await;
    let film = film_where(&world, &ann, |film| film["Name"] == *name).await;
    assert_eq!(film["Tags"], json!(["late night"]));
    is_hidden(&world, &film, &ann, &ben).await;
}

/// How many items a collection says that it holds, in a list and by itself.
async fn counted(world: &World, collection: &str, token: &str) -> [Value; 2] {
    let list = format!("/Items?ids={collection}&fields=ChildCount");
    let list = world.get(&list, token).await.json();
    let own = world.get(&format!("/Items/{collection}"), token).await;
    [
        list["Items"][0]["ChildCount"].clone(),
        own.json()["ChildCount"].clone(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_counts_what_is_seen_of_it() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let collection = text(&world.items(&ann, "BoxSet").await[0], "Id");
    let within = format!("/Items?parentId={collection}");
    let members = world.get(&within, &ann).await.json();
    let names = members["Items"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|member| text(member, "Name")).collect();
    let copies = world.demo.items(ItemKind::Movie);
    let mut copies = copies.into_iter();
    let copy = copies.find(|id| world.demo.item_name(*id).as_ref() == Some(&names[0]));
    assert!(world.demo.edit_item(copy.expect("a film"), |body| {
        body.insert("Tags".to_owned(), json!(["late night"]));
    }));
    world.app.crawl(world.server).await;
    let hidden = Access {
        blocked_tags: vec!["late night".to_owned()],
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let ben = world.app.sign_in("ben", "ben").await;
    for (token, count) in [(&ann, names.len()), (&ben, names.len() - 1)] {
        assert_eq!(
            world.get(&within, token).await.json()["TotalRecordCount"],
            count
        );
        assert_eq!(
            counted(&world, &collection, token).await,
            [json!(count), json!(count)]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_link_sees_nothing() {
    let world = World::new().await;
    let (ann, stranger) = (
        world.app.sign_in("ann", "ann").await,
        world.app.sign_in("stranger", "stranger").await,
    );
    assert_eq!(
        world.get("/UserViews", &stranger).await.json()["TotalRecordCount"],
        0
    );
    for kind in [
        "Movie",
        "Series",
        "Episode",
        "MusicAlbum",
        "Audio",
        "BoxSet",
    ] {
        assert!(world.items(&stranger, kind).await.is_empty(), "{kind}");
        assert!(!world.items(&ann, kind).await.is_empty(), "{kind}");
    }
    let servers = world.graphql(&stranger, "{ servers { name } }").await;
    assert!(!servers.to_string().contains("attic"), "{servers}");
    let film = film_where(&world, &ann, |_| true).await;
    let id = text(&film, "Id");
    for path in [
        format!("/Items/{id}"),
        format!("/Items/{id}/Images/Primary"),
        format!("/Videos/{id}/stream?static=true"),
    ] {
        assert_eq!(world.get(&path, &stranger).await.status, 404, "{path}");
    }
}
