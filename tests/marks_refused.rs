//! A server that does not take a mark of a film that it lists: the mark waits, and is told later.

use manyfin::demo::Fault;

use crate::support::gateway::{Gateway, eventually, film, sources};
use crate::watch_waiting::{all_played, play, played, reasons, waiting};

const UNKNOWN: &str = "the server does not know this";

both_gateways!(
    a_mark_waits_where_its_film_is_listed_and_said_to_be_unknown,
    listed
);

async fn listed(url: String) {
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let films = [film(&sources, 0), film(&sources, 1)];
    // As behind a proxy that lets only some addresses through.
    sources[1].set_fault(Some(Fault::Marks(404)));
    for (at, (name, ids)) in films.iter().enumerate() {
        play(&ann, name).await;
        all_played(&sources[..1], &ids[..1]).await;
        // Each by itself: that one is not known tells nothing of the other.
        eventually("it waits, and says why", async || {
            reasons(&ann).await == vec![UNKNOWN; at + 1]
        })
        .await;
        assert!(!played(&sources[1], ids[1]));
    }
    assert_eq!(waiting(&gateway).await, 2);
    let gateway = gateway.restart().await;
    assert_eq!(waiting(&gateway).await, 2);
    sources[1].set_fault(None);
    for (_, ids) in &films {
        all_played(&sources, ids).await;
    }
    eventually("nothing waits", async || waiting(&gateway).await == 0).await;
}
