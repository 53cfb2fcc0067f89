//! Puts the schema together.

use async_graphql::{Schema, SchemaBuilder, ValidationMode};

use super::Services;
use super::limits::Limits;
use super::mutation::Mutation;
use super::query::Query;
use super::subscription::Subscription;

/// The one schema.
pub type ManyfinSchema = Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}

/// For documents from outside.
pub fn with_limits(services: Option<Services>, limits: &Limits) -> ManyfinSchema {
    let builder = builder()
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_directives(limits.directives);
    finish(builder, services)
}

/// For documents of our own.
pub fn trusted(services: Option<Services>) -> ManyfinSchema {
    finish(builder().validation_mode(ValidationMode::Fast), services)
}

fn finish(
    builder: SchemaBuilder<Query, Mutation, Subscription>,
    services: Option<Services>,
) -> ManyfinSchema {
    match services {
        Some(services) => builder.data(services).finish(),
        None => builder.finish(),
    }
}

/// The schema as text: byte for byte `schema.graphql`. Needs no services.
pub fn sdl() -> String {
    let text = builder().finish().sdl();
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
