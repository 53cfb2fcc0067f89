//! A gateway over two of the demo's shelves, films, shows and music merged; the first one leads.

use std::time::Duration;

use manyfin::accounts::{NewLibrary, OnServer, Owner, SourceInput};
use manyfin::config::{CollectionType, DedupStrategy, SourcePolicy};
use manyfin::demo::{DemoServer, demo_sources};
use manyfin::model::{ItemKind, UpstreamId};
use serde_json::Value;

use crate::support::gateway::{Client, Gateway};

/// See the module.
pub struct Shelves {
    pub gateway: Gateway,
    pub attic: DemoServer,
    pub basement: DemoServer,
    _database: tempfile::TempDir,
}

impl Shelves {
    /// `ann` is linked to both, `ben` to the first alone.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = format!("sqlite://{}/test.db", folder.path().display());
        let mut sources = Vec::new();
        let mut gateway = Gateway::bare(&database).await;
        for mut spec in demo_sources(2, 30) {
            spec.delay = Duration::ZERO;
            let source = DemoServer::start(spec).await.expect("a source starts");
            gateway.add_source(&source).await;
            sources.push(source);
        }
        for (name, kind, libraries) in [
            ("Cinema", CollectionType::Movies, ["Films", "Movies"]),
            ("Telly", CollectionType::TvShows, ["Shows", "Series"]),
            ("Sound", CollectionType::Music, ["Music", "Music"]),
        ] {
            let named = sources.iter().zip(libraries);
            let library = NewLibrary {
                name: name.to_owned(),
                collection_type: kind,
                dedup_strategy: DedupStrategy::ProviderIds,
                source_policy: SourcePolicy::Priority,
                owner: Owner::Everybody,
                sources: named
                    .zip([20, 10])
                    .map(|((source, library), priority)| SourceInput {
                        server: OnServer::Name(source.name().to_owned()),
                        library: source.library_id(library).expect(library).to_string(),
                        priority,
                    })
                    .collect(),
                config_key: None,
            };
            gateway.add_library(library).await;
        }
        gateway.crawl().await;
        let servers = gateway.servers.clone();
        gateway.add_user("ann", &servers).await;
        gateway.add_user("ben", &servers[..1]).await;
        let basement = sources.pop().expect("two sources");
        let attic = sources.pop().expect("two sources");
        Self {
            gateway,
            attic,
            basement,
            _database: folder,
        }
    }

    /// Something of this kind that both have: its name, and its id on each.
    pub fn shared(&self, kind: ItemKind) -> (String, UpstreamId, UpstreamId) {
        let there = self.basement.items(kind);
        let found = self.attic.items(kind).into_iter().find_map(|here| {
            let name = self.attic.item_name(here)?;
            let there = there
                .iter()
                .find(|there| self.basement.item_name(**there).as_ref() == Some(&name))?;
            Some((name, here, *there))
        });
        found.expect("the shelves overlap")
    }

    /// Reads what changed on both.
    pub async fn crawl(&self) {
        self.gateway.crawl().await;
    }

    /// The item with this name as a caller sees it.
    pub async fn named(&self, client: &Client, kind: &str, name: &str) -> Value {
        let path = format!("/Items?recursive=true&includeItemTypes={kind}&fields=MediaSources");
        let all = client.get(&path).await;
        let items = all["Items"].as_array().expect("a list");
        let found = items.iter().find(|item| item["Name"] == name);
        found.unwrap_or_else(|| panic!("{name} is listed")).clone()
    }
}

/// The id of a body.
pub fn id(body: &Value) -> &str {
    body["Id"]
        .as_str()
        .unwrap_or_else(|| panic!("an id in {body}"))
}
