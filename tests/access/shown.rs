//! Pictures of libraries and of names, for whoever sees what they stand for.

use manyfin::demo::{Access, NewItem};
use manyfin::model::{ItemKind, UpstreamId};
use serde_json::{Value, json};

use super::world::{World, text};
use crate::support::gateway::eventually;

/// Those of a list that have a picture: the name, and the picture's address without and with its tag.
fn pictures(list: &Value) -> Vec<(String, [String; 2])> {
    let all = list["Items"].as_array().expect("a list").iter();
    let known = all.filter_map(|item| Some((item, item["ImageTags"]["Primary"].as_str()?)));
    known
        .map(|(item, tag)| {
            let plain = format!("/Items/{}/Images/Primary", text(item, "Id"));
            let tagged = format!("{plain}?tag={tag}");
            (text(item, "Name"), [plain, tagged])
        })
        .collect()
}

/// As apps ask that know the name alone.
#[tokio::test(flavor = "multi_thread")]
async fn who_plays_here_is_not_told_to_who_guesses_names() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let stranger = world.app.sign_in("stranger", "stranger").await;
    let people = world.get("/Persons", &ann).await.json();
    let people = people["Items"].as_array().expect("a list");
    let known = people.iter().find_map(|person| {
        let tag = person["ImageTags"]["Primary"].as_str()?;
        Some((text(person, "Name").replace(' ', "%20"), tag.to_owned()))
    });
    let (name, tag) = known.expect("somebody with a picture");
    let by_name = format!("/Persons/{name}/Images/Primary");
    let tagged = format!("{by_name}?tag={tag}");
    let status = async |path: &str, token: &str| world.get(path, token).await.status;
    assert_eq!(status(&by_name, &ann).await, 200);
    assert_eq!(status(&tagged, "").await, 200);
    // One who plays here and one who does not get the same answer.
    for guessed in [
        by_name.as_str(),
        "/Persons/Nobody%20At%20All/Images/Primary",
    ] {
        let wrong = format!("{guessed}?tag=0123456789abcdef0123456789abcdef");
        for (path, token) in [(guessed, ""), (guessed, &*stranger), (&*wrong, "")] {
            assert_eq!(status(path, token).await, 404, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_libraries_and_names_are_for_who_sees_them() {
    let world = World::new().await;
    let hidden = Access {
        hidden_libraries: vec!["Films".to_owned()],
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let ann = world.app.sign_in("ann", "ann").await;
    let ben = world.app.sign_in("ben", "ben").await;
    let stranger = world.app.sign_in("stranger", "stranger").await;
    let mut found = Vec::new();
    for list in ["/UserViews", "/Persons"] {
        let seen = pictures(&world.get(list, &ann).await.json());
        assert!(!seen.is_empty(), "{list}");
        let bens = pictures(&world.get(list, &ben).await.json());
        assert!(bens.len() < seen.len(), "{list}");
        let strangers = pictures(&world.get(list, &stranger).await.json());
        assert!(strangers.is_empty(), "{list}");
        // Apps ask for pictures without a token; of libraries nobody knows an id by chance.
        for (name, [_, tagged]) in seen.iter().take(3) {
            assert_eq!(world.get(tagged, "").await.status, 200, "{name} {tagged}");
        }
        for (name, paths) in seen {
            let is_bens = bens.iter().any(|(_, own)| *own == paths);
            // Each is drawn: a few tell as much as all.
            if found.iter().filter(|known| **known == is_bens).count() >= 6 {
                continue;
            }
            found.push(is_bens);
            for path in paths {
                let status = async |token| world.get(&path, token).await.status;
                assert_eq!(status(&ann).await, 200, "{name} {path}");
                let expected = if is_bens { 200 } else { 404 };
                assert_eq!(status(&ben).await, expected, "{name} {path}");
                assert_eq!(status(&stranger).await, 404, "{name} {path}");
            }
        }
    }
    // Shelves of our own have a picture where their server's has one.
    let views = world.get("/UserViews", &ann).await.json();
    for view in views["Items"].as_array().expect("a list") {
        let path = format!("/Items/{}/Images/Primary", text(view, "Id"));
        let expected = match view["ImageTags"]["Primary"].is_string() {
            true => 200,
            false => 404,
        };
        assert_eq!(world.get(&path, &ann).await.status, expected, "{view}");
    }
    assert!(found.contains(&true) && found.contains(&false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shelf_of_playlists_has_the_picture_of_who_keeps_them() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let kept = world.demo.add_library("Lists", "playlists");
    let list = json!({
        "Id": "0123456789abcdef0123456789abcdef", "ParentId": kept.to_string(),
        "Type": "Playlist", "Name": "Later", "IsFolder": true,
    });
    let list = serde_json::from_value(list).expect("a body");
    let list = world.demo.add_item(NewItem::Body(Box::new(list)));
    list.expect("it is added");
    world.app.crawl(world.server).await;
    let views = world.get("/UserViews", &ann).await.json();
    let views = views["Items"].as_array().expect("a list");
    let shelf = views
        .iter()
        .find(|view| view["CollectionType"] == "playlists");
    let path = format!(
        "/Items/{}/Images/Primary",
        text(shelf.expect("a shelf"), "Id")
    );
    world.demo.clear_seen();
    assert_eq!(world.get(&path, &ann).await.status, 200);
    let seen = world.demo.seen();
    let asked = format!("/Items/{kept}/Images/Primary");
    assert!(seen.iter().any(|seen| seen.path == asked), "{seen:#?}");
    let stranger = world.app.sign_in("stranger", "stranger").await;
    assert_eq!(world.get(&path, &stranger).await.status, 404);
}

/// Without a token; pictures of names are gathered from the whole catalog then, and kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_somebody_new_is_shown_though_others_were_gathered_before() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let people = async || pictures(&world.get("/Persons", &ann).await.json());
    let (_, [_, known]) = people().await.remove(0);
    assert_eq!(world.get(&known, "").await.status, 200);

    // The last film gets somebody, and the first leaves its place to nobody.
    let catalog = &world.app.app.catalog;
    let snapshot = catalog.snapshot();
    let films = world.demo.items(ItemKind::Movie);
    let films: Vec<(u32, UpstreamId)> = snapshot
        .copies
        .places()
        .map(|(at, copy)| (at, copy.upstream_id()))
        .filter(|(_, id)| films.contains(id))
        .collect();
    let (Some(first), Some(last)) = (films.iter().min(), films.iter().max()) else {
        panic!("no films")
    };
    assert!(world.demo.remove_item(first.1));
    assert!(world.demo.edit_item(last.1, |film| {
        let somebody = json!({
            "Name": "Somebody New", "Type": "Actor", "Role": "",
            "Id": "0123456789abcdef0123456789abcdef",
            "PrimaryImageTag": "fedcba9876543210fedcba9876543210",
        });
        film.insert("People".to_owned(), json!([somebody]));
    }));
    world.app.crawl(world.server).await;
    assert!(catalog.snapshot().copies.get(first.0).is_none());
    let people = people().await;
    let found = people.iter().find(|(name, _)| name == "Somebody New");
    let (_, [plain, tagged]) = found.expect("ann sees them");
    eventually("a picture is shown", async || {
        world.get(tagged, "").await.status == 200
    })
    .await;
    let stranger = world.app.sign_in("stranger", "stranger").await;
    assert_eq!(world.get(plain, &stranger).await.status, 404);
}
