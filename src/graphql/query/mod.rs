//! What can be asked.

mod administration;
mod audit;
mod catalog;
mod home;
mod items;
mod jellyfin;
mod merging;
mod names;
mod node;
mod people;
mod views;

use async_graphql::MergedObject;

pub use catalog::{WholeCatalog, WholeProjection};

/// Everything that can be asked. What a caller may not see does not exist for them.
#[derive(MergedObject, Default)]
pub struct Query(
    node::NodeQuery,
    people::PeopleQuery,
    views::ViewQuery,
    items::ItemQuery,
    home::HomeQuery,
    names::NameQuery,
    jellyfin::JellyfinQuery,
    administration::AdministrationQuery,
    merging::MergingQuery,
);
