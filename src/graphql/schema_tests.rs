use std::path::Path;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

use super::*;

/// With `MANYFIN_WRITE_SCHEMA` set, writes the file instead.
#[test]
fn the_file_is_what_the_code_exports() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    if std::env::var_os("MANYFIN_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, sdl()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == sdl(),
        "schema.graphql is old: run this test with MANYFIN_WRITE_SCHEMA=1"
    );
}

#[test]
fn everything_is_described() {
    let document = parse_schema(sdl()).unwrap();
    let mut bare = Vec::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let definition = definition.node;
        let name = definition.name.node.to_string();
        if definition.description.is_none() {
            bare.push(name.clone());
        }
        let fields = match definition.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    if field.node.description.is_none() {
                        bare.push(format!("{name}.{}", field.node.name.node));
                    }
                }
                continue;
            }
            _ => continue,
        };
        for field in fields {
            if field.node.description.is_none() {
                bare.push(format!("{name}.{}", field.node.name.node));
            }
        }
    }
    assert!(bare.is_empty(), "without description: {bare:?}");
}
