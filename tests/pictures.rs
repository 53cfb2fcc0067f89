//! Pictures are kept on disk: they outlive their servers and a restart, and are shown only to who may see
//! them.

use manyfin::demo::DemoServer;
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, film, sources};

/// Status and bytes.
async fn picture(client: &Client, path: &str) -> (u16, Vec<u8>) {
    client.bytes(path, "").await
}

async fn down(sources: &[DemoServer]) {
    for source in sources {
        source.set_available(false).await.expect("it stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_outlive_their_servers_for_those_who_may_see_them() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(2, 12).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_user("ben", &[]).await;
    let ann = gateway.sign_in("ann").await;
    let (name, _) = film(&sources, 0);
    let item = ann.named(&name).await;
    let (id, tag) = (&item["Id"], &item["ImageTags"]["Primary"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (id, tag) = (text(id), text(tag));
    let tagged = format!("/Items/{id}/Images/Primary?tag={tag}&fillWidth=120");
    let plain = format!("/Items/{id}/Images/Primary?fillWidth=120");

    let (status, bytes) = picture(&ann, &tagged).await;
    assert_eq!(status, 200);
    assert!(bytes.starts_with(&[0xff, 0xd8]), "a JPEG");

    down(&sources).await;
    let gateway = gateway.restart().await;
    let ann = gateway.sign_in("ann").await;
    let ben = gateway.sign_in("ben").await;
    for path in [&tagged, &plain] {
        assert_eq!(picture(&ann, path).await, (200, bytes.clone()), "{path}");
        // Who may not see the film does not see what is kept of it.
        assert_eq!(picture(&ben, path).await.0, 404, "{path}");
    }
    // Nothing is kept of another size.
    let other = format!("/Items/{id}/Images/Primary?tag={tag}&fillWidth=90");
    assert_eq!(picture(&ann, &other).await.0, 503);

    // Whose link is taken away sees it no longer.
    for server in gateway.servers.clone() {
        gateway.unlink("ann", server).await;
    }
    let query = json!({ "query": "{ items { totalCount } }" });
    let left = ann.post("/graphql", query).await;
    assert_eq!(left["data"]["items"]["totalCount"], 0, "{left}");
    for path in [&tagged, &plain] {
        assert_eq!(picture(&ann, path).await.0, 404, "{path}");
    }
}
