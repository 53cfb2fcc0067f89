//! What a spec expects, as ann sees it.

use std::collections::BTreeSet;

use manyfin::demo::DemoServer;
use serde_json::{Value, json};

use super::spec::{Section, list};
use super::world::{World, server_of};
use crate::support::gateway::ALICE;

pub type Checked = Result<(), String>;

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, got: &T) -> Checked {
    match wanted == got {
        true => Ok(()),
        false => Err(format!("{what}: wanted {wanted:?}, got {got:?}")),
    }
}

/// `A: attic/1 basement/1`: a name, and what is said of it.
fn named(line: &str) -> (Option<&str>, &str) {
    match line.split_once(": ") {
        Some((name, rest)) => (Some(name.trim()), rest.trim()),
        None => (None, line),
    }
}

fn labels(world: &World, sources: &Value) -> Result<Vec<String>, String> {
    let sources = sources.as_array().ok_or("no list of sources")?.iter();
    let ids = sources.map(|source| source["id"].as_str().unwrap_or_default());
    ids.map(|id| {
        world
            .label(id)
            .ok_or_else(|| format!("{id} is no copy of the spec"))
    })
    .collect()
}

/// All items with their copies, and no others; a name is given to an id here, and holds from then on.
pub async fn items(world: &mut World, section: &Section) -> Checked {
    let query =
        "{ items(first: 200, filter: { recursive: true }) { nodes { id sources { id } } } }";
    let told = world.graphql(&world.ann, query, json!({})).await?;
    let nodes = told["items"]["nodes"].as_array().ok_or("no list")?;
    let mut got: Vec<(BTreeSet<String>, String)> = Vec::new();
    for node in nodes {
        let copies: BTreeSet<String> = labels(world, &node["sources"])?.into_iter().collect();
        if !copies.is_empty() {
            got.push((copies, node["id"].as_str().ok_or("no id")?.to_owned()));
        }
    }
    got.sort();
    let mut wanted: Vec<BTreeSet<String>> = Vec::new();
    for line in &section.bullets {
        let (name, copies) = named(line);
        let copies: BTreeSet<String> = list(copies, ' ').into_iter().collect();
        if let Some(name) = name {
            let found = got.iter().find(|(have, _)| *have == copies);
            let (_, id) = found.ok_or_else(|| format!("{copies:?} is no item of {got:?}"))?;
            let id = id.parse().map_err(|_| "no id")?;
            let known = *world.ids.entry(name.to_owned()).or_insert(id);
            same(&format!("the id of {name}"), &known, &id)?;
        }
        wanted.push(copies);
    }
    wanted.sort();
    let got: Vec<BTreeSet<String>> = got.into_iter().map(|(copies, _)| copies).collect();
    same("items", &wanted, &got)
}

/// What a library lists: `Films: attic/1 basement/1, attic/2`, each item by its copies.
pub async fn listed(world: &World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (library, items) = named(line);
        let library = world.library_id(library.ok_or("which library?")?).await?;
        let told = world
            .ann
            .get(&format!("/Items?parentId={library}&recursive=true"))
            .await;
        let mut got = Vec::new();
        for item in told["Items"].as_array().ok_or("no list")? {
            let (_, sources) = opened(world, item["Id"].as_str().unwrap_or_default()).await?;
            got.push(sources.into_iter().collect::<BTreeSet<_>>());
        }
        let mut wanted: Vec<BTreeSet<String>> = list(items, ',')
            .iter()
            .map(|copies| list(copies, ' ').into_iter().collect())
            .collect();
        got.sort();
        wanted.sort();
        same("listed", &wanted, &got)?;
        same(
            "TotalRecordCount",
            &told["TotalRecordCount"],
            &json!(wanted.len()),
        )?;
    }
    Ok(())
}

/// Gives names to ids: `X: attic/1` is that copy's id as it is now.
pub fn ids(world: &mut World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (name, copy) = named(line);
        let id = world.public(copy)?;
        let known = world.ids.insert(name.ok_or("no name")?.to_owned(), id);
        same("earlier", &known, &None)?;
    }
    Ok(())
}

/// The item that an id opens: its own id, and its copies.
pub async fn opened(world: &World, id: &str) -> Result<(Value, Vec<String>), String> {
    let query = "query($id: ID!) { item(id: $id) { id name sources { id isCanonical
        quality { score label parts { name value points } } }
        holdings { copies servers totalSize best { label } worst { label } } } }";
    let told = world
        .graphql(&world.ann, query, json!({ "id": id }))
        .await?;
    let item = told["item"].clone();
    if item.is_null() {
        return Ok((item, Vec::new()));
    }
    let sources = labels(world, &item["sources"])?;
    Ok((item, sources))
}

/// `A: attic/1 basement/1`, also through Jellyfin's API; `A: nothing`.
pub async fn opens(world: &World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (name, wanted) = named(line);
        let id = world.id(name.ok_or("which id?")?)?.to_string();
        let (_, got) = opened(world, &id).await?;
        let got: BTreeSet<String> = got.into_iter().collect();
        let wanted: BTreeSet<String> = match wanted {
            "nothing" => BTreeSet::new(),
            copies => list(copies, ' ').into_iter().collect(),
        };
        same(line, &wanted, &got)?;
        let path = format!("/Items/{id}");
        let (status, body) = world.ann.ask(reqwest::Method::GET, &path, None).await;
        match wanted.is_empty() {
            true => same("status", &404, &status)?,
            false => same("the id that it is answered under", &body["Id"], &json!(id))?,
        }
    }
    Ok(())
}

/// Fields of Jellyfin's body of an item, as text; `nothing` is absent or empty.
pub async fn shown(world: &World, section: &Section) -> Checked {
    for row in &section.rows {
        let id = world.id(&row["of"])?;
        let body = world.ann.get(&format!("/Items/{id}")).await;
        let mut at = &body;
        for part in row["field"].split('.') {
            at = match part.parse::<usize>() {
                Ok(number) => &at[number],
                Err(_) => &at[part],
            };
        }
        let wanted = row["value"].clone();
        let got = text(at);
        let known = super::bodies::id_of(&wanted).simple().to_string();
        // Tags of pictures are told by the words that they were made of.
        if got != known {
            same(&format!("{} of {}", row["field"], row["of"]), &wanted, &got)?;
        }
    }
    Ok(())
}

pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "nothing".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "nothing".to_owned(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(map) if map.is_empty() => "nothing".to_owned(),
        Value::Object(map) => {
            let name = map.get("Name").or_else(|| map.get("Url"));
            let pairs = || {
                map.iter()
                    .map(|(key, value)| format!("{key} {}", text(value)))
            };
            name.map_or_else(|| pairs().collect::<Vec<_>>().join(", "), text)
        }
        other => other.to_string(),
    }
}

fn versions(world: &World, told: &Value, asked: &str) -> Result<Vec<String>, String> {
    let sources = told["MediaSources"].as_array().ok_or("no versions")?;
    let mut found = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let id = source["Id"].as_str().unwrap_or_default();
        // The first one carries the id that was asked for; its label tells whose it is.
        let label = match (at, id == asked) {
            (0, false) => return Err("the first version has another id".to_owned()),
            (0, true) => source["Name"].as_str().unwrap_or_default(),
            _ => id,
        };
        found.push(world.label(label).unwrap_or_else(|| label.to_owned()));
    }
    Ok(found)
}

/// The versions of an item in their order. The first one is told by its server, as its id is the one that
/// was asked for.
pub async fn order(world: &World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (name, wanted) = named(line);
        let id = world.id(name.ok_or("which id?")?)?.to_string();
        let told = world.ann.get(&format!("/Items/{id}")).await;
        compare(line, wanted, versions(world, &told, &id)?)?;
        let (_, sources) = opened(world, &id).await?;
        let first = list(wanted, ',');
        same(
            "sources",
            &first.first().map(|it| server_of(it)),
            &sources.first().map(|it| server_of(it)),
        )?;
    }
    Ok(())
}

/// The same of what a player is told.
pub async fn played(world: &World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (name, wanted) = named(line);
        let id = world.id(name.ok_or("which id?")?)?.to_string();
        let path = format!("/Items/{id}/PlaybackInfo");
        let told = world.ann.post(&path, json!({})).await;
        compare(line, wanted, versions(world, &told, &id)?)?;
    }
    Ok(())
}

fn compare(line: &str, wanted: &str, mut got: Vec<String>) -> Checked {
    let wanted = list(wanted, ',');
    if let (Some(first), Some(label)) = (got.first_mut(), wanted.first()) {
        let server = first.split(" · ").next().unwrap_or_default();
        if server == server_of(label) {
            first.clone_from(label);
        }
    }
    same(line, &wanted, &got)
}

/// What the score of a copy is made of: all parts and no others, and their points where they are told.
pub async fn scores(world: &World, section: &Section) -> Checked {
    for line in &section.bullets {
        let (copy, parts) = named(line);
        let copy = copy.ok_or("which copy?")?;
        let (item, sources) = opened(world, &world.id(copy)?.to_string()).await?;
        let at = sources.iter().position(|label| label == copy);
        let quality = &item["sources"][at.ok_or("it has no such copy")?]["quality"];
        let got: Vec<String> = quality["parts"]
            .as_array()
            .ok_or("no parts")?
            .iter()
            .map(|part| format!("{} {}", text(&part["name"]), text(&part["value"])))
            .collect();
        same(line, &list(parts, ','), &got)?;
        let points = quality["parts"].as_array().into_iter().flatten();
        let sum: i64 = points.filter_map(|part| part["points"].as_i64()).sum();
        same("the sum of the parts", &json!(sum), &quality["score"])?;
    }
    Ok(())
}

/// Why two copies are one or two: `attic/1 basement/1: by PROVIDER`, `attic/1 attic/2: OTHER_IDS`.
pub async fn why(world: &World, section: &Section) -> Checked {
    let query = "query($a: ID!, $b: ID!) { catalog { explain(left: $a, right: $b) {
        together path { key } reasons { by } } } }";
    for line in &section.bullets {
        let (pair, wanted) = named(line);
        let pair = list(pair.ok_or("which two?")?, ' ');
        let with = json!({ "a": world.id(&pair[0])?, "b": world.id(&pair[1])? });
        let told = world.graphql(&world.root, query, with).await?;
        let told = &told["catalog"]["explain"];
        let keys = |list: &Value, key: &str| -> Vec<String> {
            let each = list.as_array().into_iter().flatten();
            each.map(|one| text(&one[key])).collect()
        };
        let got = match told["together"] == true {
            true => format!("by {}", keys(&told["path"], "key").join(", ")),
            // A score is told beside the reason.
            false => {
                let mut all = keys(&told["reasons"], "by");
                all.retain(|by| by != "SCORE");
                all.join(", ")
            }
        };
        same(line, &wanted.to_owned(), &got)?;
    }
    Ok(())
}

/// What ann's request costs each server: `ann asks …`, then one line a server, `attic: 3 ids` a request
/// or `attic: nothing`. A call that is not told fails the spec.
pub async fn calls(world: &World, section: &Section) -> Checked {
    let (asked, wanted) = section.bullets.split_first().ok_or("what is asked?")?;
    let path = asked.strip_prefix("ann asks ").ok_or("who asks what?")?;
    let cold = path.strip_suffix(", cold");
    let mut path = cold.unwrap_or(path).to_owned();
    for (name, id) in &world.ids {
        path = path.replace(&format!("{{{name}}}"), &id.to_string());
    }
    let mut wanted = wanted.to_vec();
    wanted.sort();
    let mut got = Vec::new();
    // The gateway asks about a new link by itself, when it comes to it: once, whatever is requested.
    for _ in 0..3 {
        got = costs(world, &path, cold.is_some()).await;
        let of_links =
            |line: &String| line.contains("GET /UserViews") || line.contains("GET /Items");
        if got == wanted || !got.iter().any(of_links) {
            break;
        }
    }
    same("calls", &wanted, &got)
}

/// What each server is asked for one request, a line a server.
async fn costs(world: &World, path: &str, cold: bool) -> Vec<String> {
    if cold {
        world.gateway().chill().await;
    }
    let sources = || world.sources.iter();
    sources().for_each(|(_, source)| source.demo.clear_seen());
    world.ann.get(path).await;
    let told = sources().map(|(name, source)| {
        let requests = requests(&source.demo);
        match requests.is_empty() {
            true => format!("{name}: nothing"),
            false => format!("{name}: {}", requests.join(", ")),
        }
    });
    told.collect()
}

/// What a server was asked as ann, each request as the ids in it, or as its path.
fn requests(demo: &DemoServer) -> Vec<String> {
    let seen = demo.seen().into_iter();
    let as_ann = seen.filter(|seen| seen.user.as_deref() == Some(ALICE));
    let told = as_ann.map(|seen| {
        let mut pairs = seen
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let ids = pairs.find(|(key, _)| key.eq_ignore_ascii_case("ids"));
        match ids {
            Some((_, ids)) => {
                let count = ids.replace("%2C", ",").split(',').count();
                format!("{count} ids")
            }
            None => {
                let parts = seen
                    .path
                    .split('/')
                    .map(|part| match part.parse::<uuid::Uuid>() {
                        Ok(_) => "{id}",
                        Err(_) => part,
                    });
                format!("{} {}", seen.method, parts.collect::<Vec<_>>().join("/"))
            }
        }
    });
    told.collect()
}
