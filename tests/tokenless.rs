//! Players that send no token: what an address was shown, it may play for some hours.

use std::net::IpAddr;

use reqwest::{Client, StatusCode};

use crate::support::gateway::{Gateway, eventually, film, sources};
use crate::support::sabotage;

/// Opens bare URLs from this address of the machine.
struct Player {
    http: Client,
    url: String,
}

impl Player {
    fn at(gateway: &Gateway, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        let http = Client::builder().local_address(address).build();
        Self {
            http: http.expect("a client"),
            url: gateway.url.clone(),
        }
    }

    async fn plays(&self, id: &str) -> StatusCode {
        let url = format!("{}/Videos/{id}/stream?static=true", self.url);
        let request = self.http.get(url).header("Range", "bytes=0-99");
        // Nobody is believed to be somebody else.
        let request = request.header("X-Forwarded-For", "127.0.0.1");
        request.send().await.expect("an answer").status()
    }
}

both_gateways!(what_an_address_was_shown_it_may_play, shown);

async fn shown(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (seen, unseen) = (film(&sources, 0).0, film(&sources, 1).0);
    let (seen, unseen) = (ann.id_of(&seen).await, ann.id_of(&unseen).await);
    let here = Player::at(&gateway, "127.0.0.1");
    let elsewhere = Player::at(&gateway, "127.0.0.2");
    // Lists are no details.
    assert_eq!(here.plays(&seen).await, StatusCode::UNAUTHORIZED);

    let details = ann.get(&format!("/Items/{seen}")).await;
    assert_eq!(here.plays(&seen).await, StatusCode::PARTIAL_CONTENT);
    for version in details["MediaSources"].as_array().expect("versions") {
        let id = version["Id"].as_str().expect("an id");
        assert_eq!(here.plays(id).await, StatusCode::PARTIAL_CONTENT);
    }
    assert_eq!(here.plays(&unseen).await, StatusCode::UNAUTHORIZED);
    assert_eq!(elsewhere.plays(&seen).await, StatusCode::UNAUTHORIZED);

    let gateway = gateway.restart().await;
    let here = Player::at(&gateway, "127.0.0.1");
    assert_eq!(here.plays(&seen).await, StatusCode::PARTIAL_CONTENT);

    // Access is checked each time.
    for source in &sources {
        source.set_access(
            "alice",
            manyfin::demo::Access {
                disabled: true,
                ..Default::default()
            },
        );
    }
    for (_, link) in gateway.app.accounts.all_links().await.expect("links") {
        let _ = gateway.app.sync.link_added(link.id).await;
    }
    eventually("a refused link plays nothing", async || {
        here.plays(&seen).await == StatusCode::NOT_FOUND
    })
    .await;
}

both_gateways!(what_was_shown_is_known_though_it_was_not_kept, not_kept);

async fn not_kept(url: String) {
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (played, id) = (film(&sources, 0).0, film(&sources, 1).0);
    let (played, id) = (ann.id_of(&played).await, ann.id_of(&id).await);
    sabotage::refuse(&url, "INSERT", "shown_items").await;
    for film in [&played, &id] {
        ann.get(&format!("/Items/{film}")).await;
    }
    let here = Player::at(&gateway, "127.0.0.1");
    assert_eq!(here.plays(&played).await, StatusCode::PARTIAL_CONTENT);
    // It was in the memory of that process alone.
    let gateway = gateway.restart().await;
    let here = Player::at(&gateway, "127.0.0.1");
    assert_eq!(here.plays(&id).await, StatusCode::UNAUTHORIZED);
    sabotage::allow(&url, "shown_items").await;
    let ann = gateway.sign_in("ann").await;
    ann.get(&format!("/Items/{id}")).await;
    assert_eq!(here.plays(&id).await, StatusCode::PARTIAL_CONTENT);
}
