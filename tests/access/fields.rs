//! Every field of the GraphQL roots, asked by everybody. `fields.txt` says what each of them is answered;
//! a field that is not in it fails, and so does a line without a field.

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, text};

const TABLE: &str = include_str!("fields.txt");
const ROOTS: [&str; 3] = ["query", "mutation", "subscription"];

struct Line {
    root: &'static str,
    field: &'static str,
    expected: Vec<&'static str>,
}

impl Line {
    fn name(&self) -> String {
        let end = self.field.find(|c: char| !c.is_alphanumeric());
        format!(
            "{} {}",
            self.root,
            &self.field[..end.unwrap_or(self.field.len())]
        )
    }
}

fn table() -> Vec<Line> {
    let lines = TABLE.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let (asked, expected) = line.split_once(" | ").unwrap_or((line, ""));
        let (root, field) = asked.split_once(' ').expect("a root and a field");
        Line {
            root,
            field: field.trim(),
            expected: expected.split_whitespace().collect(),
        }
    });
    read.collect()
}

/// What stands in braces in the table.
struct Things(Vec<(&'static str, String)>);

impl Things {
    async fn of(world: &World, root: &str) -> Self {
        let app = &world.app;
        let victim = app.add_user("victim", "victim", false, &[]).await;
        let query =
            "{ servers { id } users { id name links { id } } mergedLibraries { id } views { id }
            sourceLibraries { id name } }";
        let told = world.graphql(root, query).await["data"].clone();
        let user = |name: &str| {
            let users = told["users"].as_array().expect("users");
            let found = users.iter().find(|user| user["name"] == name);
            found.expect("the user is listed").clone()
        };
        let shelves = told["sourceLibraries"].as_array().expect("libraries");
        let shelf = |name: &str| {
            let found = shelves.iter().find(|library| library["name"] == name);
            text(found.expect("the library is listed"), "id")
        };
        let films = world.items(root, "Movie").await;
        let version = |at: usize| text(&films[at]["MediaSources"][0], "Id");
        let series = world.items(root, "Series").await;
        Self(vec![
            ("server", text(&told["servers"][0], "id")),
            ("root", text(&user("root"), "id")),
            ("ann", text(&user("ann"), "id")),
            ("victim", victim.to_string()),
            ("link", text(&user("ann")["links"][0], "id")),
            ("library", text(&told["mergedLibraries"][0], "id")),
            ("view", text(&told["views"][0], "id")),
            ("films", shelf("Films")),
            ("film", text(&films[0], "Id")),
            ("other", text(&films[1], "Id")),
            ("copy", version(0)),
            ("copy2", version(1)),
            ("series", text(&series[0], "Id")),
        ])
    }

    fn put(&self, field: &str) -> String {
        let things = self.0.iter();
        things.fold(field.to_owned(), |field, (name, id)| {
            field.replace(&format!("<{name}>"), id)
        })
    }
}

/// In a word: the code of the first error, else what the field gives.
async fn outcome(world: &World, line: &Line, asked: &str, token: &str) -> String {
    let body = json!({ "query": format!("{} {{ {asked} }}", line.root) });
    let path = match line.root {
        "subscription" => "/graphql/stream",
        _ => "/graphql",
    };
    let answer = world.ask(Method::POST, path, token, Some(body)).await;
    let code = answer.text.split("\"code\":\"").nth(1);
    if let Some(code) = code.and_then(|rest| rest.split('"').next()) {
        return code.to_owned();
    }
    let data = answer.json()["data"].clone();
    let given = data.as_object().and_then(|data| data.values().next());
    let is_empty =
        |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value["totalCount"] == 0;
    match given {
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(false)) => "false".to_owned(),
        Some(list) if is_empty(list) => "none".to_owned(),
        _ if answer.status == 200 => "ok".to_owned(),
        _ => answer.status.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_in_the_table() {
    let world = World::new().await;
    let root = world.app.sign_in("root", "root").await;
    let roots = ROOTS.map(|root| format!("{root}Type {{ fields {{ name }} }}"));
    let query = format!("{{ __schema {{ {} }} }}", roots.join(" "));
    let schema = world.graphql(&root, &query).await["data"]["__schema"].clone();
    let fields: BTreeSet<String> = ROOTS
        .iter()
        .flat_map(|root| {
            let fields = schema[format!("{root}Type")]["fields"].as_array();
            let names = fields.expect("fields").iter();
            names.map(move |field| format!("{root} {}", text(field, "name")))
        })
        .collect();
    assert!(fields.len() > 80, "{}", fields.len());
    let table: BTreeSet<String> = table().iter().map(Line::name).collect();
    let missing: Vec<_> = fields.difference(&table).collect();
    assert!(missing.is_empty(), "not in fields.txt: {missing:#?}");
    let gone: Vec<_> = table.difference(&fields).collect();
    assert!(gone.is_empty(), "no fields any more: {gone:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_answers_everybody_as_the_table_says() {
    let world = World::new().await;
    let mut tokens = world.tokens().await;
    let things = Things::of(&world, &tokens[3]).await;
    let mut lines = Vec::new();
    for line in table() {
        let asked = things.put(line.field);
        let got: Vec<String> = if line.root == "subscription" {
            let each = tokens
                .iter()
                .map(|token| outcome(&world, &line, &asked, token));
            join_all(each).await
        } else {
            let mut got = Vec::new();
            for (caller, token) in tokens.iter_mut().enumerate() {
                got.push(outcome(&world, &line, &asked, token).await);
                // Some fields end the session that asks.
                let signed_in = line.root == "mutation" && caller > 0;
                if signed_in && world.get("/Users/Me", token).await.status != 200 {
                    *token = world.token_of(caller).await;
                }
            }
            got
        };
        if got != line.expected {
            lines.push(format!("{} {} | {}", line.root, line.field, got.join(" ")));
        }
    }
    assert!(
        lines.is_empty(),
        "other than fields.txt says:\n{}",
        lines.join("\n")
    );
}
