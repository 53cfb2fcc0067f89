//! A recorded server: what it held, and what each of its users saw.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::RwLock;

use serde_json::Value;
use uuid::Uuid;

use crate::demo::access::Sight;
use crate::demo::item::{Item, uuid};
use crate::demo::library::{Library, View};
use crate::demo::params::Params;
use crate::demo::spec::DemoError;
use crate::demo::state::{Stock, Thresholds, User};
use crate::demo::userdata::Datum;
use crate::model::{ItemKind, Secret};

/// What is needed later: the answers that are replayed, and the changes that were recorded.
#[derive(Debug)]
pub struct Recording {
    /// `PlaybackInfo` as it was asked and answered.
    pub playback: Vec<Exchange>,
    /// The film that was edited: its id and new name.
    pub renamed: Option<(Uuid, String)>,
    /// The film that came, as far as the lists tell of it.
    pub added: Option<crate::wire::Body>,
    /// The name of the film that went.
    pub removed: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Exchange {
    pub item: Uuid,
    pub params: Params,
    pub request: Value,
    pub answer: Value,
}

/// The lines of `name.jsonl`, plain or compressed with zstd.
fn lines(folder: &Path, name: &str) -> Result<Vec<Value>, DemoError> {
    let plain = folder.join(format!("{name}.jsonl"));
    let packed = folder.join(format!("{name}.jsonl.zst"));
    let (path, bytes) = if packed.exists() {
        let file = fs::File::open(&packed).and_then(zstd::decode_all);
        (packed, file)
    } else {
        let bytes = fs::read(&plain);
        (plain, bytes)
    };
    let read = |source| DemoError::Read {
        path: path.clone(),
        source,
    };
    let bytes = bytes.map_err(read)?;
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            serde_json::from_slice(line).map_err(|error| problem(&path, number + 1, &error))
        })
        .collect()
}

fn problem(path: &Path, line: usize, problem: &dyn ToString) -> DemoError {
    DemoError::Recording {
        path: path.to_path_buf(),
        line,
        problem: problem.to_string(),
    }
}

fn named<'v>(lines: &'v [Value], name: &str, user: &str) -> Option<&'v Value> {
    let found = lines
        .iter()
        .find(|line| line["name"] == name && line["as"] == user);
    found.map(|line| &line["response"]["body"])
}

/// The recorded server.
pub fn stock(folder: &Path) -> Result<Stock, DemoError> {
    let missing = |what: &str| problem(folder, 0, &format!("the recording lacks {what}"));
    let system = lines(folder, "system")?;
    let views = lines(folder, "views")?;
    let lists = lines(folder, "lists")?;
    let info = named(&system, "public info", "nobody").ok_or_else(|| missing("public info"))?;
    let text = |name: &str| info[name].as_str().unwrap_or_default().to_owned();
    let id = Uuid::try_parse(&text("Id")).map_err(|_| missing("a server id"))?;
    let folders = named(&system, "/Library/VirtualFolders as admin", "admin");
    let accounts = named(&system, "/Users as admin", "admin").ok_or_else(|| missing("users"))?;

    let mut library = Library::default();
    library.views = read_views(&views, folders);
    let mut items: Vec<Item> = Vec::new();
    for line in lines(folder, "bulk-admin")? {
        let Value::Object(body) = line else { continue };
        items.extend(Item::from_body(body, 0));
    }
    place(&mut items, &library.views);
    for mut item in items {
        item.saved = item.created;
        library.insert(item);
    }
    read_members(&mut library, &lists);

    let (mut users, mut data) = (Vec::new(), HashMap::new());
    for dto in accounts.as_array().into_iter().flatten() {
        let Value::Object(dto) = dto else { continue };
        let user = uuid(dto, "Id").ok_or_else(|| missing("a user id"))?;
        let name = dto["Name"].as_str().unwrap_or_default().to_owned();
        let mut seen: HashSet<Uuid> = HashSet::new();
        for line in lines(folder, &format!("bulk-{name}"))? {
            let Some(item) = line["Id"].as_str().and_then(|id| Uuid::try_parse(id).ok()) else {
                continue;
            };
            seen.insert(item);
            let mut datum = Datum::default();
            datum.update(&line["UserData"]);
            let counted = library.get(item).is_some_and(|item| item.counts_unplayed());
            if counted {
                datum.played = false;
            }
            if datum != Datum::default() {
                data.insert((user, item), datum);
            }
        }
        let listed = named(&views, "user views", &name).map(|body| &body["Items"]);
        for view in listed.and_then(Value::as_array).into_iter().flatten() {
            seen.extend(view["Id"].as_str().and_then(|id| Uuid::try_parse(id).ok()));
        }
        let administrator = dto["Policy"]["IsAdministrator"] == true;
        let password = if administrator {
            name.clone()
        } else {
            format!("{name}-pw")
        };
        users.push(User {
            id: user,
            password: Secret::new(password),
            administrator,
            sight: RwLock::new(Sight::Only(seen)),
            dto: Some(dto.clone()),
            name,
        });
    }
    Ok(Stock {
        id,
        name: text("ServerName"),
        version: text("Version"),
        users,
        library,
        data,
        thresholds: Thresholds {
            min_seconds: 0,
            ..Thresholds::default()
        },
        recording: Some(recording(folder)?),
    })
}

/// The libraries, in the order in which the administrator sees them.
fn read_views(views: &[Value], folders: Option<&Value>) -> Vec<View> {
    let listed = named(views, "user views", "admin").map(|body| &body["Items"]);
    let mut out = Vec::new();
    for body in listed.and_then(Value::as_array).into_iter().flatten() {
        let Value::Object(body) = body else { continue };
        let Some(id) = uuid(body, "Id") else { continue };
        let folder = folders
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|folder| folder["ItemId"] == body["Id"]);
        let locations = folder.and_then(|folder| folder["Locations"].as_array());
        out.push(View {
            id,
            name: body["Name"].as_str().unwrap_or_default().to_owned(),
            collection_type: body
                .get("CollectionType")
                .and_then(Value::as_str)
                .map(str::to_owned),
            locations: locations
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            options: folder.map_or(Value::Null, |folder| folder["LibraryOptions"].clone()),
            body: body.clone(),
        });
    }
    out
}

/// Says of each item which library lists it: that of the folder it lies in.
fn place(items: &mut [Item], views: &[View]) {
    let mut roots: HashMap<Uuid, Uuid> = HashMap::new();
    for item in items.iter() {
        if item.kind == ItemKind::Folder {
            let path = item
                .body()
                .get("Path")
                .and_then(Value::as_str)
                .map(str::to_owned);
            let view = views.iter().find(|view| {
                path.as_ref()
                    .is_some_and(|path| view.locations.contains(path))
            });
            roots.extend(view.map(|view| (item.id, view.id)));
        }
    }
    let parents: HashMap<Uuid, Option<Uuid>> =
        items.iter().map(|item| (item.id, item.parent)).collect();
    for item in items {
        let mut at = Some(item.id);
        for _ in 0..8 {
            let Some(id) = at else { break };
            if let Some(view) = roots.get(&id) {
                item.view = Some(*view);
                break;
            }
            at = parents.get(&id).copied().flatten();
        }
    }
}

/// The members of box sets, from the lists that asked for them.
fn read_members(library: &mut Library, lists: &[Value]) {
    for line in lists {
        let path = line["request"]["path"].as_str().unwrap_or_default();
        let Some((_, query)) = path.split_once('?') else {
            continue;
        };
        let Ok(Some(parent)) = Params::parse(query).id("parentid") else {
            continue;
        };
        let is_set = library
            .get(parent)
            .is_some_and(|item| item.kind == ItemKind::BoxSet);
        let Some(items) = line["response"]["body"]["Items"].as_array() else {
            continue;
        };
        if is_set {
            let ids = items.iter().filter_map(|item| item["Id"].as_str());
            let ids = ids.filter_map(|id| Uuid::try_parse(id).ok()).collect();
            library.members.insert(parent, ids);
        }
    }
}

/// What is replayed and what is applied later; a folder without these files has none.
fn recording(folder: &Path) -> Result<Recording, DemoError> {
    let optional = |name: &str| match lines(folder, name) {
        Err(DemoError::Read { .. }) => Ok(Vec::new()),
        other => other,
    };
    let mut out = Recording {
        playback: Vec::new(),
        renamed: None,
        added: None,
        removed: None,
    };
    for line in optional("playback")? {
        let path = line["request"]["path"].as_str().unwrap_or_default();
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = route.trim_start_matches('/').split('/');
        let (Some("Items"), Some(item), Some("PlaybackInfo")) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let answer = &line["response"]["body"];
        if let Ok(item) = Uuid::try_parse(item)
            && answer["MediaSources"].is_array()
        {
            out.playback.push(Exchange {
                item,
                params: Params::parse(query),
                request: line["request"]["body"].clone(),
                answer: answer.clone(),
            });
        }
    }
    let mut added_name = None;
    for line in optional("delta")? {
        let name = line["name"].as_str().unwrap_or_default();
        if name == "metadata edited: name" {
            let body = &line["request"]["body"];
            let id = body["Id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
            let name = body["Name"].as_str().map(str::to_owned);
            out.renamed = id.zip(name);
        }
        let bare = |field: &str| {
            let text = line[field].as_str()?;
            Some(
                text.rsplit_once(" (")
                    .map_or(text, |(name, _)| name)
                    .to_owned(),
            )
        };
        if let Some(name) = bare("added") {
            added_name = Some(name);
            out.removed = bare("removed");
        }
        let body = &line["response"]["body"];
        let items = body["Items"].as_array().or(body.as_array());
        for item in items.into_iter().flatten() {
            if item["Name"].as_str() == added_name.as_deref()
                && added_name.is_some()
                && let Value::Object(item) = item
            {
                let whole = out.added.get_or_insert_with(crate::wire::Body::new);
                for (field, value) in item {
                    let better = whole.get(field).is_none_or(|old| old == &Value::Null);
                    if better || field == "ImageTags" && value != &Value::Null {
                        whole.insert(field.clone(), value.clone());
                    }
                }
            }
        }
    }
    Ok(out)
}
