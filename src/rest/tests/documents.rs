//! Every operation fits the schema that the repository holds.

use std::collections::HashMap;
use std::path::Path;

use async_graphql::parser::types::{
    DocumentOperations, Field, FieldDefinition, InputValueDefinition, OperationType, Selection,
    SelectionSet, ServiceDocument, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{parse_query, parse_schema};

use crate::model::{ItemKind, SortBy};
use crate::rest::filter::screaming;
use crate::rest::params::Params;
use crate::rest::{filter, queries};

struct Schema {
    types: HashMap<String, TypeDefinition>,
}

impl Schema {
    /// `None` where the schema is not written yet.
    fn load() -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
        let text = std::fs::read_to_string(path).ok()?;
        let document: ServiceDocument = parse_schema(text).expect("schema.graphql is SDL");
        let types = document
            .definitions
            .into_iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(found) => {
                    Some((found.node.name.node.to_string(), found.node))
                }
                _ => None,
            })
            .collect();
        Some(Self { types })
    }

    fn field(&self, owner: &str, name: &str) -> Option<&FieldDefinition> {
        let fields = match &self.types.get(owner)?.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => return None,
        };
        fields
            .iter()
            .map(|field| &field.node)
            .find(|field| field.name.node == name)
    }

    fn inputs(&self, name: &str) -> Vec<&InputValueDefinition> {
        match self.types.get(name).map(|found| &found.kind) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().map(|field| &field.node).collect()
            }
            _ => Vec::new(),
        }
    }

    fn values(&self, name: &str) -> Vec<String> {
        match self.types.get(name).map(|found| &found.kind) {
            Some(TypeKind::Enum(found)) => found
                .values
                .iter()
                .map(|value| value.node.value.node.to_string())
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn bare(kind: &str) -> String {
    kind.replace(['[', ']', '!'], "")
}

struct Check<'a> {
    schema: &'a Schema,
    operation: &'a str,
    variables: HashMap<String, String>,
    wrong: Vec<String>,
}

impl Check<'_> {
    fn set(&mut self, owner: &str, set: &SelectionSet) {
        for selection in &set.items {
            if let Selection::Field(field) = &selection.node {
                self.field(owner, &field.node);
            }
        }
    }

    fn field(&mut self, owner: &str, field: &Field) {
        let name = field.name.node.as_str();
        let Some(definition) = self.schema.field(owner, name) else {
            self.wrong
                .push(format!("{}: no field {owner}.{name}", self.operation));
            return;
        };
        for (argument, value) in &field.arguments {
            let known = definition
                .arguments
                .iter()
                .find(|known| known.node.name.node == argument.node);
            let Some(known) = known else {
                self.wrong.push(format!(
                    "{}: {owner}.{name} takes no {}",
                    self.operation, argument.node
                ));
                continue;
            };
            if let Some(variable) = value.node.to_string().strip_prefix('$') {
                let wanted = known.node.ty.node.to_string();
                let has_default = known.node.default_value.is_some();
                let given = &self.variables[variable];
                let fits = *given == wanted
                    || *given == format!("{wanted}!")
                    || (has_default && format!("{given}!") == wanted);
                if !fits {
                    self.wrong.push(format!(
                        "{}: {name}({}: {wanted}) is given {given}",
                        self.operation, argument.node
                    ));
                }
            }
        }
        for known in &definition.arguments {
            let needed = !known.node.ty.node.nullable && known.node.default_value.is_none();
            let given = field
                .arguments
                .iter()
                .any(|(argument, _)| argument.node == known.node.name.node);
            if needed && !given {
                self.wrong.push(format!(
                    "{}: {owner}.{name} needs {}",
                    self.operation, known.node.name.node
                ));
            }
        }
        let target = bare(&definition.ty.node.to_string());
        self.set(&target, &field.selection_set.node);
    }
}

#[test]
fn documents_fit_the_schema() {
    let schema = Schema::load();
    let mut wrong = Vec::new();
    for operation in queries::ALL {
        let document = parse_query(operation.document).expect(operation.name);
        let DocumentOperations::Multiple(found) = &document.operations else {
            panic!("{} has no name", operation.name);
        };
        let definition = &found
            .iter()
            .find(|(name, _)| name.as_str() == operation.name)
            .unwrap_or_else(|| panic!("{} is not in its file", operation.name))
            .1
            .node;
        let Some(schema) = &schema else { continue };
        let root = match definition.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let variables = definition
            .variable_definitions
            .iter()
            .map(|variable| {
                let variable = &variable.node;
                let kind = variable.var_type.node.to_string();
                (variable.name.node.to_string(), kind)
            })
            .collect();
        let mut check = Check {
            schema,
            operation: operation.name,
            variables,
            wrong: Vec::new(),
        };
        check.set(root, &definition.selection_set.node);
        wrong.extend(check.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn variables_fit_the_schema() {
    let Some(schema) = Schema::load() else { return };
    let known: Vec<String> = schema
        .inputs("ItemFilter")
        .iter()
        .map(|field| field.name.node.to_string())
        .collect();
    let id = "aeececf56199007eaa4009c41e3aa7aa";
    let everything = format!(
        "parentId={id}&recursive=true&includeItemTypes=Movie&excludeItemTypes=Season&ids={id}\
         &excludeItemIds={id}&personIds={id}&artistIds={id}&albumArtistIds={id}\
         &contributingArtistIds={id}&excludeArtistIds={id}&albumIds={id}&studioIds={id}\
         &genreIds={id}&mediaTypes=Video&imageTypes=Primary&videoTypes=Dvd&seriesStatus=Ended\
         &personTypes=Actor&audioLanguages=eng&subtitleLanguages=eng&genres=a&tags=a&studios=a\
         &officialRatings=a&artists=a&albums=a&years=1&filters=IsPlayed,IsFavorite,IsResumable,\
         IsFolder,Likes,IsFavoriteOrLikes&searchTerm=a&nameStartsWith=a\
         &nameStartsWithOrGreater=a&nameLessThan=a&minOfficialRating=a&maxOfficialRating=a\
         &person=a&adjacentTo={id}&seasonId={id}&indexNumber=1&parentIndexNumber=1&minWidth=1\
         &maxWidth=1&minHeight=1&maxHeight=1&minCommunityRating=1&minCriticRating=1\
         &minPremiereDate=2020-01-01&maxPremiereDate=2020-01-01&minDateLastSaved=2020-01-01\
         &minDateLastSavedForUser=2020-01-01&isHd=true&is4K=true&is3D=true&hasSubtitles=true\
         &hasTrailer=true&hasOverview=true&hasSpecialFeature=true&hasImdbId=true\
         &hasTmdbId=true&hasTvdbId=true&hasOfficialRating=true&isMissing=true&isUnaired=true\
         &isLocked=true&collapseBoxSetItems=true"
    );
    let sent = filter::items(&Params::parse(Some(&everything)))
        .unwrap()
        .into_value();
    let mut sent: Vec<String> = sent.as_object().unwrap().keys().cloned().collect();
    sent.extend(["seriesId", "seasonNumber"].map(str::to_owned));
    let unknown: Vec<_> = sent.iter().filter(|key| !known.contains(key)).collect();
    assert!(unknown.is_empty(), "ItemFilter has no {unknown:?}");

    let options = filter::body(&Params::parse(Some("imageTypeLimit=1"))).unwrap();
    let known = schema.inputs("BodyOptions");
    for key in options.as_object().unwrap().keys() {
        assert!(
            known.iter().any(|field| field.name.node == *key),
            "BodyOptions has no {key}"
        );
    }
    let kinds = schema.values("ItemKind");
    for kind in ItemKind::ALL {
        let name = screaming(kind.as_str());
        assert!(kinds.contains(&name), "ItemKind has no {name}");
    }
    let keys = schema.values("ItemSortBy");
    for key in SortBy::ALL {
        let name = screaming(key.as_str());
        assert!(keys.contains(&name), "ItemSortBy has no {name}");
    }
    for (name, values) in [
        (
            "NameKind",
            &[
                "GENRE",
                "MUSIC_GENRE",
                "STUDIO",
                "PERSON",
                "ARTIST",
                "ALBUM_ARTIST",
                "YEAR",
            ][..],
        ),
        (
            "PlaybackEvent",
            &["STARTED", "PROGRESS", "STOPPED", "PING"][..],
        ),
        (
            "UpstreamList",
            &[
                "INTROS",
                "SPECIAL_FEATURES",
                "LOCAL_TRAILERS",
                "THEME_MEDIA",
                "ADDITIONAL_PARTS",
                "MEDIA_SEGMENTS",
                "IMAGE_INFOS",
            ][..],
        ),
        ("SortOrder", &["ASCENDING", "DESCENDING"][..]),
    ] {
        let known = schema.values(name);
        for value in values {
            assert!(
                known.iter().any(|known| known == value),
                "{name} has no {value}"
            );
        }
    }
}
