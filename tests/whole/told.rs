//! What a spec expects `root` to be told.

use serde_json::{Value, json};

use super::checks::{Checked, same, text};
use super::spec::Section;
use super::world::World;

/// What stands of what was decided by hand, oldest first, and nothing else: `canonical attic/1`,
/// `never attic/1 basement/1`.
pub async fn decided(world: &World, section: &Section) -> Checked {
    let query = "{ catalog { decisions { action left right } } }";
    let told = world.graphql(&world.root, query, json!({})).await?;
    let all = told["catalog"]["decisions"].as_array().ok_or("no list")?;
    let told = all.iter().rev().map(|decision| {
        let label = |side: &str| {
            let id = text(&decision[side]);
            world.label(&id).unwrap_or(id)
        };
        let mut copies = vec![label("left"), label("right")];
        copies.sort();
        copies.dedup();
        format!("{} {}", text(&decision["action"]), copies.join(" "))
    });
    same("decided", &section.bullets, &told.collect())
}

/// What joins two copies and what speaks against it: `attic/1 basement/1 by NUMBER: Tvdb 7 8 (joined)`, and no
/// others.
pub async fn conflicts(world: &World, section: &Section) -> Checked {
    let query = "{ catalog { conflicts { left right key provider leftId rightId isJoined } } }";
    let told = world.graphql(&world.root, query, json!({})).await?;
    let all = told["catalog"]["conflicts"].as_array().ok_or("no list")?;
    let told = all.iter().map(|conflict| {
        let side = |copy: &str, id: &str| {
            let copy = text(&conflict[copy]);
            (world.label(&copy).unwrap_or(copy), text(&conflict[id]))
        };
        // Which is the left one depends on the keys of their servers.
        let mut sides = [side("left", "leftId"), side("right", "rightId")];
        sides.sort();
        let [(left, left_id), (right, right_id)] = sides;
        let against = match conflict["provider"].as_str() {
            Some(provider) => format!("{provider} {left_id} {right_id}"),
            None => "number or hand".to_owned(),
        };
        let made = match conflict["isJoined"].as_bool() {
            Some(true) => "joined",
            _ => "apart",
        };
        let key = text(&conflict["key"]);
        format!("{left} {right} by {key}: {against} ({made})")
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    same("conflicts", &section.bullets, &told)
}

/// What a library would be, beside the others or in the place of one: its strategy and sources, then how many
/// entries and copies it would have, and what would join them (`PROVIDER 2, NAME 1`; `nothing`).
pub async fn previewed(world: &World, section: &Section) -> Checked {
    let query = "query($input: CreateMergedLibraryInput!, $replaces: ID) {
        previewMergedLibrary(input: $input, replaces: $replaces) {
            workCount copyCount joinedBy { key count } } }";
    let told = world.graphql(&world.root, "{ servers { id name } }", json!({}));
    let servers = told.await?["servers"].clone();
    let server_id = |name: &str| {
        let mut all = servers.as_array().into_iter().flatten();
        all.find(|server| server["name"] == name)
            .map(|server| server["id"].clone())
    };
    for row in &section.rows {
        let sources = world.sources_of(row)?.into_iter();
        let sources = sources.map(|(server, source)| {
            json!({ "serverId": server_id(&server), "library": source.library,
                "priority": source.priority })
        });
        let replaces = match row.get("in place of") {
            Some(library) => json!(world.library_id(library).await?),
            None => Value::Null,
        };
        let input = json!({ "name": "New", "collectionType": "MOVIES",
            "dedupStrategy": row["strategy"].to_uppercase(), "sources": sources.collect::<Value>() });
        let with = json!({ "input": input, "replaces": replaces });
        let told = world.graphql(&world.root, query, with).await?;
        let told = &told["previewMergedLibrary"];
        let joins = told["joinedBy"].as_array().into_iter().flatten();
        let joins = joins.map(|join| format!("{} {}", text(&join["key"]), text(&join["count"])));
        let joins: Vec<String> = joins.collect();
        let joined = match joins.is_empty() {
            true => "nothing".to_owned(),
            false => joins.join(", "),
        };
        let place = row.get("in place of").map_or("nothing", String::as_str);
        for (column, got) in [
            ("works", text(&told["workCount"])),
            ("copies", text(&told["copyCount"])),
            ("joined", joined),
        ] {
            let what = format!("{column} of {} in place of {place}", row["strategy"]);
            same(&what, &row[column], &got)?;
        }
    }
    Ok(())
}
