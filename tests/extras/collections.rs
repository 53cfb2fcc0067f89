//! The box sets that hold an item, from the catalog alone.

use manyfin::model::ItemKind;
use reqwest::Method;

use super::shelves::{Shelves, id};

#[tokio::test(flavor = "multi_thread")]
async fn a_film_names_the_box_sets_that_hold_it() {
    let shelves = Shelves::new().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let sets = ann
        .get("/Items?recursive=true&includeItemTypes=BoxSet")
        .await;
    let set = id(&sets["Items"][0]).to_owned();
    let held = ann.get(&format!("/Items?parentId={set}")).await;
    let held: Vec<&str> = held["Items"]
        .as_array()
        .expect("films")
        .iter()
        .map(id)
        .collect();
    assert!(!held.is_empty());
    // No server is needed for it.
    shelves.attic.stop();
    shelves.basement.stop();
    let films = ann
        .get("/Items?recursive=true&includeItemTypes=Movie")
        .await;
    let mut alone = 0;
    for film in films["Items"].as_array().expect("films").iter().map(id) {
        let path = format!("/Items/{film}/Collections");
        let told = ann.get(&path).await;
        let expected = usize::from(held.contains(&film));
        assert_eq!(told["TotalRecordCount"], expected, "{told}");
        assert_eq!(told["Items"].as_array().map(Vec::len), Some(expected));
        alone += usize::from(expected == 0);
        if expected == 1 {
            assert_eq!(told["Items"][0]["Id"], set.as_str());
            assert_eq!(told["Items"][0]["Type"], "BoxSet");
            let none = ann.get(&format!("{path}?limit=0")).await;
            assert_eq!(
                (&none["TotalRecordCount"], &none["Items"]),
                (&1.into(), &serde_json::json!([]))
            );
        }
    }
    assert!(alone > 0);

    // Of a film that is not there for ben, nothing is told; what he sees names what he sees.
    let ben = shelves.gateway.sign_in("ben").await;
    let hidden = shelves
        .basement
        .items(ItemKind::Movie)
        .into_iter()
        .filter_map(|film| shelves.basement.item_name(film))
        .collect::<Vec<_>>();
    let bens = ben
        .get("/Items?recursive=true&includeItemTypes=Movie")
        .await;
    let sees = |film: &str| {
        let bens = bens["Items"].as_array().expect("films");
        bens.iter().any(|own| id(own) == film)
    };
    let mut refused = 0;
    for film in films["Items"].as_array().expect("films") {
        let (status, _) = ben
            .ask(
                Method::GET,
                &format!("/Items/{}/Collections", id(film)),
                None,
            )
            .await;
        assert_eq!(status, if sees(id(film)) { 200 } else { 404 });
        refused += usize::from(status == 404);
    }
    assert!(refused > 0 && !hidden.is_empty());
}
