//! Demo servers with the copies of a spec, a gateway over them, `ann` who looks, `root` who decides.

use std::collections::{BTreeMap, BTreeSet};

use manyfin::accounts::{Actor, LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput};
use manyfin::config::CollectionType;
use manyfin::demo::{DemoServer, DemoSpec, NewItem};
use manyfin::model::{PublicId, ServerKey, UpstreamId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bodies::{body, id_of};
use super::spec::{Row, Spec, list};
use crate::support::gateway::{Client, Gateway};

/// A server of the spec, in the gateway or not.
pub struct Source {
    pub demo: DemoServer,
    /// Its row, while it is in the gateway.
    pub row: Option<i64>,
    pub key: ServerKey,
    pub is_up: bool,
}

/// A copy of the spec.
pub struct Copy {
    pub row: Row,
    /// Its id there at present.
    pub id: UpstreamId,
    pub is_there: bool,
}

/// See the module.
pub struct World {
    gateway: Option<Gateway>,
    pub sources: BTreeMap<String, Source>,
    pub copies: BTreeMap<String, Copy>,
    libraries: Vec<Row>,
    /// What ids were given names.
    pub ids: BTreeMap<String, PublicId>,
    pub ann: Client,
    pub root: Client,
    /// The last decision by hand.
    pub decision: Option<String>,
}

/// The server of a label.
pub fn server_of(label: &str) -> &str {
    label.split('/').next().unwrap_or_default()
}

impl World {
    pub async fn set(spec: &Spec, database: &str) -> Result<Self, String> {
        let gateway = Gateway::bare(database).await;
        let rows: Vec<Row> = spec.rows("copies").into_iter().cloned().collect();
        let mut sources = BTreeMap::new();
        let names: BTreeSet<&str> = rows.iter().map(|row| server_of(&row["copy"])).collect();
        for name in names {
            let demo = DemoServer::start(DemoSpec::films(name, 0, 0)).await;
            let demo = demo.map_err(|error| error.to_string())?;
            let of_server = rows.iter().filter(|row| server_of(&row["copy"]) == name);
            let libraries: BTreeSet<&str> = of_server.map(library_of).collect();
            for library in libraries.into_iter().filter(|name| *name != "Films") {
                demo.add_library(library, "movies");
            }
            let source = Source {
                demo,
                row: None,
                key: ServerKey(Uuid::nil()),
                is_up: true,
            };
            sources.insert(name.to_owned(), source);
        }
        let copies = rows.into_iter().map(|row| {
            let label = row["copy"].clone();
            let id = UpstreamId(id_of(&label));
            (
                label,
                Copy {
                    row,
                    id,
                    is_there: false,
                },
            )
        });
        let copies: BTreeMap<String, Copy> = copies.collect();
        let is_late = |copy: &Copy| copy.row.contains_key("later");
        let there: Vec<String> = copies
            .iter()
            .filter(|(_, copy)| !is_late(copy))
            .map(|(label, _)| label.clone())
            .collect();
        let libraries = spec.rows("libraries").into_iter().cloned().collect();
        gateway.add_administrator("root").await;
        gateway.add_user("ann", &[]).await;
        let (ann, root) = (gateway.sign_in("ann").await, gateway.sign_in("root").await);
        let mut world = Self {
            gateway: Some(gateway),
            sources,
            copies,
            libraries,
            ids: BTreeMap::new(),
            ann,
            root,
            decision: None,
        };
        // What holds others comes first.
        for parents in [true, false] {
            for label in &there {
                let row = &world.copies[label].row;
                let is_child = row.contains_key("series") || row.contains_key("season of");
                if is_child != parents {
                    world.appear(label)?;
                }
            }
        }
        let names: Vec<String> = world.sources.keys().cloned().collect();
        for name in &names {
            world.add_server(name).await?;
        }
        world.add_libraries().await?;
        world.settle().await?;
        Ok(world)
    }

    pub fn gateway(&self) -> &Gateway {
        self.gateway
            .as_ref()
            .expect("it lives while the world does")
    }

    pub fn source(&self, name: &str) -> Result<&Source, String> {
        let found = self.sources.get(name);
        found.ok_or_else(|| format!("there is no server {name}"))
    }

    pub fn copy(&self, label: &str) -> Result<&Copy, String> {
        let found = self.copies.get(label);
        found.ok_or_else(|| format!("there is no copy {label}"))
    }

    /// What a copy's server tells of it now.
    fn body_of(&self, label: &str) -> Result<manyfin::wire::Body, String> {
        let copy = self.copy(label)?;
        let demo = &self.source(server_of(label))?.demo;
        let library = demo.library_id(library_of(&copy.row));
        let library = library.ok_or("there is no such library")?.to_string();
        let find = |other: &str| self.copies[other].id.0.simple().to_string();
        Ok(body(&copy.row, copy.id, &library, find))
    }

    pub fn appear(&mut self, label: &str) -> Result<(), String> {
        let body = Box::new(self.body_of(label)?);
        let demo = &self.source(server_of(label))?.demo;
        demo.add_item(NewItem::Body(body))
            .ok_or("it is not added")?;
        self.copies.get_mut(label).expect("it is known").is_there = true;
        Ok(())
    }

    pub fn vanish(&mut self, label: &str) -> Result<(), String> {
        let id = self.copy(label)?.id;
        if !self.source(server_of(label))?.demo.remove_item(id) {
            return Err("it was not there".to_owned());
        }
        self.copies.get_mut(label).expect("it is known").is_there = false;
        Ok(())
    }

    /// Changes a column of a copy.
    pub fn edit(&mut self, label: &str, column: &str, value: &str) -> Result<(), String> {
        let copy = self.copies.get_mut(label).ok_or("there is no such copy")?;
        if column == "new id" {
            copy.id = UpstreamId(Uuid::new_v4());
            return Ok(());
        }
        if column == "first id" {
            copy.id = UpstreamId(id_of(label));
            return Ok(());
        }
        match value {
            "nothing" => copy.row.remove(column),
            value => copy.row.insert(column.to_owned(), value.to_owned()),
        };
        if !self.copies[label].is_there {
            return Ok(());
        }
        if column == "library" {
            // It is the same item in another folder of the server's.
            self.vanish(label)?;
            return self.appear(label);
        }
        let (id, mut new) = (self.copies[label].id, self.body_of(label)?);
        let demo = &self.source(server_of(label))?.demo;
        let edited = demo.edit_item(id, |body| std::mem::swap(body, &mut new));
        edited.then_some(()).ok_or("it is not edited".to_owned())
    }

    /// All items of a server come back under other ids.
    pub fn restore(&mut self, name: &str) -> Result<(), String> {
        let there = self.copies.iter().filter(|(_, copy)| copy.is_there);
        let labels: Vec<String> = there
            .map(|(label, _)| label.clone())
            .filter(|label| server_of(label) == name)
            .collect();
        for label in &labels {
            self.vanish(label)?;
            let copy = self.copies.get_mut(label).expect("it is known");
            copy.id = UpstreamId(Uuid::new_v4());
        }
        labels.iter().try_for_each(|label| self.appear(label))
    }

    pub async fn add_server(&mut self, name: &str) -> Result<(), String> {
        let mut gateway = self.gateway.take().expect("it lives");
        let row = gateway.add_source(&self.source(name)?.demo).await;
        gateway.link("ann", row).await;
        let key = gateway.app.catalog.registry().get(row);
        let source = self.sources.get_mut(name).expect("it is known");
        source.key = key.ok_or("it is not there")?.key;
        source.row = Some(row);
        self.gateway = Some(gateway);
        Ok(())
    }

    pub async fn remove_server(&mut self, name: &str) -> Result<(), String> {
        let row = self.source(name)?.row.ok_or("it is not there")?;
        let mut gateway = self.gateway.take().expect("it lives");
        gateway.remove_source(row).await;
        self.gateway = Some(gateway);
        self.sources.get_mut(name).expect("it is known").row = None;
        Ok(())
    }

    /// The sources of a library as a spec tells them: `attic/Films 20`; `Films` may be left out.
    pub fn sources_of(&self, row: &Row) -> Result<Vec<(String, SourceInput)>, String> {
        let told = list(row.get("sources").map_or("", String::as_str), ',');
        let read = told.iter().map(|source| {
            let (place, priority) = source.rsplit_once(' ').ok_or("no priority")?;
            let (server, library) = place.split_once('/').unwrap_or((place, "Films"));
            let found = self.source(server)?.demo.library_id(library);
            let input = SourceInput {
                server: OnServer::Name(server.to_owned()),
                library: found.ok_or("no such library")?.to_string(),
                priority: priority.parse().map_err(|_| "no priority")?,
            };
            Ok((server.to_owned(), input))
        });
        read.collect()
    }

    async fn add_libraries(&mut self) -> Result<(), String> {
        for row in &self.libraries {
            let word = |name: &str, usual: &'static str| -> String {
                row.get(name).map_or(usual, String::as_str).to_owned()
            };
            let (policy, strategy) = (word("policy", "priority"), word("strategy", "provider_ids"));
            let sources = self.sources_of(row)?.into_iter();
            let library = NewLibrary {
                name: row["library"].clone(),
                collection_type: CollectionType::Movies,
                dedup_strategy: strategy.parse().map_err(|()| "no such strategy")?,
                source_policy: policy.parse().map_err(|()| "no such policy")?,
                owner: Owner::Everybody,
                sources: sources.map(|(_, source)| source).collect(),
                config_key: None,
            };
            self.gateway().add_library(library).await;
        }
        Ok(())
    }

    /// Gives a library another list of sources.
    pub async fn set_sources(&self, library: &str, sources: &str) -> Result<(), String> {
        let id = self.library_id(library).await?;
        let row = Row::from([("sources".to_owned(), sources.to_owned())]);
        let sources = self.sources_of(&row)?.into_iter();
        let update = LibraryUpdate {
            sources: Some(sources.map(|(_, source)| source).collect()),
            ..LibraryUpdate::default()
        };
        let accounts = &self.gateway().app.accounts;
        let updated = accounts.update_library(&Actor::System, id, update).await;
        updated.map(drop).map_err(|error| error.to_string())
    }

    pub async fn set_policy(&self, library: &str, policy: &str) -> Result<(), String> {
        let id = self.library_id(library).await?;
        let update = LibraryUpdate {
            source_policy: Some(policy.parse().map_err(|()| "no such policy")?),
            ..LibraryUpdate::default()
        };
        let accounts = &self.gateway().app.accounts;
        let updated = accounts.update_library(&Actor::System, id, update).await;
        updated.map(drop).map_err(|error| error.to_string())
    }

    pub async fn library_id(&self, name: &str) -> Result<PublicId, String> {
        let all = self.gateway().app.accounts.merged_libraries().await;
        let all = all.map_err(|error| error.to_string())?;
        let found = all.iter().find(|library| library.row.name == name);
        let id = found.and_then(|library| library.row.virtual_id.parse().ok());
        id.ok_or_else(|| format!("there is no library {name}"))
    }

    /// Crawls what answers, and asks what ann sees there.
    pub async fn settle(&mut self) -> Result<(), String> {
        for source in self.sources.values().filter(|source| source.is_up) {
            if let Some(row) = source.row {
                self.gateway().crawl_one(row).await;
                self.gateway().sync_links(row).await;
            }
        }
        Ok(())
    }

    pub async fn restart(&mut self) {
        let gateway = self.gateway.take().expect("it lives");
        let gateway = gateway.restart().await;
        self.ann = gateway.sign_in("ann").await;
        self.root = gateway.sign_in("root").await;
        self.gateway = Some(gateway);
    }

    /// A copy's public id as long as its server tells it by its present id.
    pub fn public(&self, label: &str) -> Result<PublicId, String> {
        let key = self.source(server_of(label))?.key;
        let id = self.copy(label)?.id;
        Ok(self.gateway().app.catalog.ids().copy(key, id))
    }

    /// The copy, or the version of one, that a public id names.
    pub fn label(&self, id: &str) -> Option<String> {
        let named = |label: &&String| self.public(label).is_ok_and(|own| own.to_string() == id);
        if let Some(label) = self.copies.keys().find(named) {
            return Some(label.clone());
        }
        self.copies.iter().find_map(|(label, copy)| {
            let key = self.sources[server_of(label)].key;
            let at = (1..4).find(|at| {
                let version = id_of(&format!("{}#{at}", copy.id.0.simple()));
                let ids = self.gateway().app.catalog.ids();
                ids.copy(key, UpstreamId(version)).to_string() == id
            })?;
            Some(format!("{label}#{at}"))
        })
    }

    /// The id that a name was given to, or that a copy has.
    pub fn id(&self, name: &str) -> Result<PublicId, String> {
        match self.ids.get(name) {
            Some(id) => Ok(*id),
            None => self.public(name),
        }
    }

    pub async fn graphql(
        &self,
        client: &Client,
        query: &str,
        with: Value,
    ) -> Result<Value, String> {
        let body = json!({ "query": query, "variables": with });
        let answer = client.post("/graphql", body).await;
        match answer["errors"].is_null() {
            true => Ok(answer["data"].clone()),
            false => Err(answer["errors"].to_string()),
        }
    }
}

fn library_of(row: &Row) -> &str {
    row.get("library").map_or("Films", String::as_str)
}
