//! What is kept never hides a change that was made through Manyfin: the very next answer shows it.

use manyfin::demo::DemoServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, film, sources};

both_gateways!(a_change_is_in_the_next_answer, next_answer);

const TAG: &str = "0123456789abcdef0123456789abcdef";

async fn graphql(client: &Client, query: &str) -> Value {
    let answer = client.post("/graphql", json!({ "query": query })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"].clone()
}

fn names(list: &Value) -> Vec<String> {
    let items = list["Items"].as_array().expect("a list");
    let name = |item: &Value| item["Name"].as_str().expect("a name").to_owned();
    items.iter().map(name).collect()
}

/// Everything that keeps something is asked, twice.
async fn warm(client: &Client, id: &str) {
    for _ in 0..2 {
        for path in [
            "/UserViews".to_owned(),
            "/Items?recursive=true&includeItemTypes=Movie&fields=Overview,MediaSources".to_owned(),
            "/Items?recursive=true&includeItemTypes=Movie&filters=IsFavorite".to_owned(),
            "/Items?recursive=true&includeItemTypes=Movie&filters=IsPlayed".to_owned(),
            format!("/Items/{id}"),
        ] {
            client.get(&path).await;
        }
    }
}

async fn next_answer(url: String) {
    let sources: Vec<DemoServer> = sources(2, 12).await;
    let (name, ids) = film(&sources, 0);
    // The first source's copy does not lead; its poster is another.
    let edited = sources[0].edit_item(ids[0], |body| {
        body.insert("ImageTags".to_owned(), json!({ "Primary": TAG }));
    });
    assert!(edited);
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_administrator("root").await;
    for server in gateway.servers.clone() {
        gateway.link("root", server).await;
    }
    let root = gateway.sign_in("root").await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    let ask = async |method: Method, path: String| {
        let (status, answer) = ann.ask(method, &path, None).await;
        assert!(status < 300, "{path}: {status} {answer}");
    };
    let favourites = "/Items?recursive=true&includeItemTypes=Movie&filters=IsFavorite";
    let played = "/Items?recursive=true&includeItemTypes=Movie&filters=IsPlayed";

    warm(&ann, &id).await;
    ask(Method::POST, format!("/UserFavoriteItems/{id}")).await;
    assert_eq!(names(&ann.get(favourites).await), [name.as_str()]);
    warm(&ann, &id).await;
    ask(Method::POST, format!("/UserPlayedItems/{id}")).await;
    assert_eq!(names(&ann.get(played).await), [name.as_str()]);
    assert_eq!(ann.named(&name).await["UserData"]["Played"], true);
    let detail = ann.get(&format!("/Items/{id}")).await;
    assert_eq!(detail["UserData"]["Played"], true);
    assert_eq!(detail["UserData"]["IsFavorite"], true);
    ask(Method::DELETE, format!("/UserFavoriteItems/{id}")).await;
    assert!(names(&ann.get(favourites).await).is_empty());
    warm(&ann, &id).await;
    ask(Method::DELETE, format!("/UserPlayedItems/{id}")).await;
    let detail = ann.get(&format!("/Items/{id}")).await;
    assert_eq!(detail["UserData"]["Played"], false);

    // A poster: in details and in lists.
    warm(&ann, &id).await;
    let tag = |item: &Value| item["ImageTags"]["Primary"].as_str().map(str::to_owned);
    assert_ne!(tag(&ann.named(&name).await).as_deref(), Some(TAG));
    let snapshot = gateway.app.catalog.snapshot();
    let mut copies = snapshot.copies.iter();
    let copy = copies.find(|copy| {
        copy.upstream_id() == ids[0] && snapshot.server_of(copy).id == gateway.servers[0]
    });
    let copy = copy.expect("the copy is known").id;
    let choose = format!("mutation {{ choosePoster(copy: \"{copy}\") {{ id }} }}");
    graphql(&root, &choose).await;
    assert_eq!(tag(&ann.named(&name).await).as_deref(), Some(TAG));
    let detail = ann.get(&format!("/Items/{id}")).await;
    assert_eq!(tag(&detail).as_deref(), Some(TAG));

    // A library: its name, and what it holds.
    warm(&ann, &id).await;
    let films = graphql(&root, "{ mergedLibraries { id name } }").await;
    let library = films["mergedLibraries"][0]["id"].as_str().expect("an id");
    let update = |input: &str| {
        format!("mutation {{ updateMergedLibrary(id: \"{library}\", input: {input}) {{ name }} }}")
    };
    graphql(&root, &update("{name: \"Cinema\"}")).await;
    assert!(names(&ann.get("/UserViews").await).contains(&"Cinema".to_owned()));
    let all = "/Items?recursive=true&includeItemTypes=Movie&limit=0";
    let joined = ann.get(all).await["TotalRecordCount"].clone();
    graphql(&root, &update("{dedupStrategy: NONE}")).await;
    let apart = ann.get(all).await["TotalRecordCount"].clone();
    assert_eq!((joined, apart), (json!(12), json!(24)));
}
