//! What happens in a spec: one sentence, one deed.

use serde_json::{Value, json};

use super::world::World;

/// As if so many bytes had come, so that a mean is made of nothing else.
const MANY_BYTES: u64 = 1 << 30;

/// Does what a line says.
pub async fn does(world: &mut World, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["Manyfin", "restarts"] => world.restart().await,
        [copy, "appears"] => world.appear(copy)?,
        [copy, "goes"] => world.vanish(copy)?,
        [copy, "has", column, ..] => {
            let value = line
                .split_once(column)
                .map_or("", |(_, value)| value.trim());
            world.edit(copy, &column.replace('_', " "), value)?;
        }
        [copy, "moves", "to", library] => world.edit(copy, "library", library)?,
        [server, "is", "restored", "under", "new", "ids"] => world.restore(server)?,
        [server, "goes", "down"] => available(world, server, false).await?,
        [server, "comes", "back"] => available(world, server, true).await?,
        [server, "is", "removed"] => world.remove_server(server).await?,
        [server, "is", "added", "again"] => world.add_server(server).await?,
        [library, "is", "made", "of", ..] => {
            let sources = line.split_once(" made of ").map_or("", |(_, told)| told);
            world.set_sources(library, sources).await?;
        }
        [server, "gives", megabits, "Mbit/s"] => speed(world, server, megabits)?,
        [library, "prefers", policy] if library != "ann" => {
            world.set_policy(library, policy).await?;
        }
        ["ann", "prefers", policy] => prefers(world, policy).await?,
        ["ann", "listens", "to", language] => {
            let user = me(world).await?;
            let settings = json!({ "AudioLanguagePreference": language });
            let path = format!("/Users/Configuration?userId={user}");
            world.ann.post(&path, settings).await;
        }
        ["ann", "loses", server] => {
            let row = world.source(server)?.row.ok_or("it is not there")?;
            world.gateway().unlink("ann", row).await;
        }
        ["ann", "stops", what, "at", minute, "min"] => {
            let ticks: i64 = minute.parse().map_err(|_| "no minute")?;
            let id = world.id(what)?;
            let stopped = json!({ "ItemId": id, "MediaSourceId": id,
                "PositionTicks": ticks * 600_000_000 });
            world.ann.post("/Sessions/Playing", stopped.clone()).await;
            world.ann.post("/Sessions/Playing/Stopped", stopped).await;
        }
        ["root", deed, ref what @ ..] => decides(world, deed, what).await?,
        _ => return Err("what is that?".to_owned()),
    }
    Ok(())
}

async fn available(world: &mut World, server: &str, up: bool) -> Result<(), String> {
    let source = world.sources.get_mut(server).ok_or("no such server")?;
    let set = source.demo.set_available(up).await;
    set.map_err(|error| error.to_string())?;
    source.is_up = up;
    if let Some(row) = source.row {
        let known = world.gateway().app.catalog.registry().get(row);
        let known = known.ok_or("it is not there")?;
        // A breaker that is open asks again after a while.
        for _ in 0..100 {
            if known.check().await.is_online() == up {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        return Err("its status does not follow".to_owned());
    }
    Ok(())
}

/// Tells the gateway of files that came at this speed.
fn speed(world: &World, server: &str, megabits: &str) -> Result<(), String> {
    let megabits: f64 = megabits.parse().map_err(|_| "no number")?;
    let row = world.source(server)?.row.ok_or("it is not there")?;
    let known = world.gateway().app.catalog.registry().get(row);
    let seconds = MANY_BYTES as f64 * 8.0 / (megabits * 1e6);
    let took = std::time::Duration::from_secs_f64(seconds);
    known
        .ok_or("it is not there")?
        .passed(MANY_BYTES, took, took);
    Ok(())
}

async fn me(world: &World) -> Result<String, String> {
    let told = world
        .graphql(&world.ann, "{ viewer { id } }", json!({}))
        .await?;
    Ok(told["viewer"]["id"].as_str().ok_or("nobody")?.to_owned())
}

async fn prefers(world: &World, policy: &str) -> Result<(), String> {
    let set = "mutation($id: ID!, $policy: SourcePolicy) {
        setSourcePolicy(userId: $id, policy: $policy) { id } }";
    let policy = match policy {
        "nothing" => Value::Null,
        policy => json!(policy.to_uppercase()),
    };
    let with = json!({ "id": me(world).await?, "policy": policy });
    world.graphql(&world.ann, set, with).await.map(drop)
}

async fn decides(world: &mut World, deed: &str, what: &[&str]) -> Result<(), String> {
    let ids: Result<Vec<Value>, String> = what.iter().map(|it| Ok(json!(world.id(it)?))).collect();
    let (mutation, with) = match deed {
        "joins" => (
            "mutation($ids: [ID!]!) { done: joinItems(ids: $ids, dryRun: false) { id } }",
            json!({ "ids": ids? }),
        ),
        "splits" => (
            "mutation($ids: [ID!]!) { done: splitItem(copies: $ids, dryRun: false) { id } }",
            json!({ "ids": ids? }),
        ),
        "leads" => (
            "mutation($id: ID!) { done: chooseCanonicalCopy(copy: $id) { id } }",
            json!({ "id": ids?[0] }),
        ),
        "hangs" => (
            "mutation($id: ID!) { done: choosePoster(copy: $id) { id } }",
            json!({ "id": ids?[0] }),
        ),
        "undoes" => (
            "mutation($id: ID!) { done: undoDecision(id: $id) { id } }",
            json!({ "id": world.decision }),
        ),
        _ => return Err("root does no such thing".to_owned()),
    };
    let done = world.graphql(&world.root, mutation, with).await?;
    world.decision = done["done"]["id"].as_str().map(str::to_owned);
    Ok(())
}
