//! What a document from outside may cost, decided before async-graphql walks it.
//!
//! The executor's own checks walk fragment spreads without memory, so that a chain of 26 fragments
//! that spread each other twice takes them half a minute. Here every fragment is counted once, and
//! every step of that walk costs: also one that leads nowhere.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::error::{Code, GraphError};
use super::tokens;

/// Limits on requests from outside. Documents of our own (`rest`) are not measured.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Operations in one HTTP request.
    pub batch: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Brackets that are open at once.
    pub nesting: usize,
    /// Fields, spreads and inline fragments once all fragments are expanded.
    pub selections: u64,
    /// Aliases once all fragments are expanded.
    pub aliases: u64,
    /// Lists of lists in introspection (`fields { type { fields …`).
    pub introspection_lists: u64,
    /// Directives on one field.
    pub directives: usize,
    /// Depth of fields.
    pub depth: usize,
    /// Sum over the fields, lists times their length.
    pub complexity: usize,
    /// Subscriptions open on one WebSocket.
    pub subscriptions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            batch: 10,
            tokens: 4_000,
            nesting: 64,
            selections: 5_000,
            aliases: 100,
            introspection_lists: 3,
            directives: 8,
            depth: 20,
            complexity: 50_000,
            subscriptions: 20,
        }
    }
}

/// Parses a document and counts what it expands to.
///
/// # Errors
/// [`Code::ParseFailed`] or [`Code::TooComplex`]; neither repeats the document.
pub fn admit(query: &str, limits: &Limits) -> Result<ExecutableDocument, GraphError> {
    tokens::check(query, limits.tokens, limits.nesting)?;
    let document = parse_query(query).map_err(|error| {
        let place = error.positions().next().unwrap_or_default();
        GraphError::new(
            Code::ParseFailed,
            format!("no GraphQL at line {}, column {}", place.line, place.column),
        )
    })?;
    let mut counter = Counter {
        document: &document,
        fragments: HashMap::new(),
    };
    let mut total = Cost::default();
    for (_, operation) in document.operations.iter() {
        total = total.and(counter.selection_set(&operation.node.selection_set.node)?);
    }
    within("selections", total.selections, limits.selections)?;
    // Those that no operation spreads are looked at by validation too.
    for name in document.fragments.keys() {
        let cost = counter.fragment(name)?;
        within("selections", cost.selections, limits.selections)?;
    }
    within("aliases", total.aliases, limits.aliases)?;
    within(
        "levels of lists in introspection",
        total.introspection_lists,
        limits.introspection_lists,
    )?;
    Ok(document)
}

fn within(what: &str, count: u64, limit: u64) -> Result<(), GraphError> {
    if count <= limit {
        return Ok(());
    }
    Err(too_complex(what, limit))
}

pub(super) fn too_complex(what: &str, limit: u64) -> GraphError {
    GraphError {
        allowed: Some(limit.to_string()),
        ..GraphError::new(
            Code::TooComplex,
            format!("the document has more than {limit} {what}"),
        )
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    selections: u64,
    aliases: u64,
    introspection_lists: u64,
}

impl Cost {
    fn and(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }
}

struct Counter<'a> {
    document: &'a ExecutableDocument,
    /// `None` while the fragment is being counted: to meet it again is a cycle.
    fragments: HashMap<&'a Name, Option<Cost>>,
}

impl<'a> Counter<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<Cost, GraphError> {
        let mut total = Cost::default();
        for selection in &set.items {
            let mut cost = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let mut cost = self.selection_set(&field.selection_set.node)?;
                    if field.alias.is_some() {
                        cost.aliases = cost.aliases.saturating_add(1);
                    }
                    if matches!(
                        field.name.node.as_str(),
                        "fields" | "inputFields" | "interfaces" | "possibleTypes"
                    ) {
                        cost.introspection_lists += 1;
                    }
                    cost
                }
                Selection::InlineFragment(inline) => {
                    self.selection_set(&inline.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node)?
                }
            };
            cost.selections = cost.selections.saturating_add(1);
            total = total.and(cost);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &Name) -> Result<Cost, GraphError> {
        // An unknown fragment is for validation to report; the spread itself was counted.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Cost::default());
        };
        match self.fragments.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(GraphError::new(
                    Code::ValidationFailed,
                    "a fragment spreads itself",
                ));
            }
            None => {}
        }
        self.fragments.insert(name, None);
        let cost = self.selection_set(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Some(cost));
        Ok(cost)
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
