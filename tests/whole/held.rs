//! What a spec expects of what is held, as ann sees it.

use serde_json::json;

use super::checks::{Checked, opened, same, text};
use super::spec::{Section, list};
use super::world::World;

/// How often, how large and how good an item is held.
pub async fn held(world: &World, section: &Section) -> Checked {
    for row in &section.rows {
        let (item, _) = opened(world, &world.id(&row["of"])?.to_string()).await?;
        let held = &item["holdings"];
        for (column, got) in [
            ("copies", text(&held["copies"])),
            ("servers", text(&held["servers"])),
            ("bytes", text(&held["totalSize"])),
            ("best", text(&held["best"]["label"])),
            ("worst", text(&held["worst"]["label"])),
        ] {
            if let Some(wanted) = row.get(column) {
                same(column, wanted, &got)?;
            }
        }
    }
    Ok(())
}

/// What a filter finds, in an order (`SIZE DESCENDING`), by the names that ids were given.
pub async fn found(world: &World, section: &Section) -> Checked {
    for row in &section.rows {
        let (by, order) = row["sort"].split_once(' ').ok_or("which order?")?;
        let query = format!(
            "{{ items(first: 100, filter: {{ recursive: true, {} }}, sort: [{{ by: {by}, order: {order} }}])
                {{ totalCount nodes {{ id }} }} }}",
            row["filter"]
        );
        let told = world.graphql(&world.ann, &query, json!({})).await?;
        let nodes = told["items"]["nodes"].as_array().ok_or("no list")?;
        let name = |id: String| {
            let mut known = world.ids.iter();
            let known = known.find(|(_, known)| known.to_string() == id);
            known.map_or(id.clone(), |(name, _)| name.clone())
        };
        let got: Vec<String> = nodes.iter().map(|node| name(text(&node["id"]))).collect();
        let wanted = list(row.get("items").map_or("", String::as_str), ',');
        let what = format!("{}, {}", row["filter"], row["sort"]);
        same(&what, &wanted, &got)?;
        same(&what, &json!(wanted.len()), &told["items"]["totalCount"])?;
    }
    Ok(())
}
