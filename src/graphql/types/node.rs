//! Ids that tell what they are of, and `node`.

use std::fmt;
use std::str::FromStr;

use async_graphql::{ID, Interface};

use super::{Item, Link, MergedLibrary, Server, SourceLibrary, User, View};
use crate::graphql::error::{GraphError, GraphResult};
use crate::model::PublicId;

/// Anything that can be fetched again by its id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id, for `node`."))]
#[allow(clippy::large_enum_variant)]
pub enum Node {
    Item(Item),
    View(View),
    MergedLibrary(MergedLibrary),
    SourceLibrary(SourceLibrary),
    Server(Server),
    Link(Link),
    User(User),
}

/// What an id is of. Items, views, names and users have the ids by which Jellyfin's clients know them;
/// the others carry their type before a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeId {
    /// An item, a copy, a view, a name or a user.
    Public(PublicId),
    MergedLibrary(PublicId),
    SourceLibrary(PublicId),
    /// `servers.id`.
    Server(i64),
    /// `account_links.id`.
    Link(i64),
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(id) => write!(f, "{id}"),
            Self::MergedLibrary(id) => write!(f, "merged-library:{id}"),
            Self::SourceLibrary(id) => write!(f, "source-library:{id}"),
            Self::Server(row) => write!(f, "server:{row}"),
            Self::Link(row) => write!(f, "link:{row}"),
        }
    }
}

impl FromStr for NodeId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let Some((kind, rest)) = text.split_once(':') else {
            return text.parse().map(Self::Public).map_err(drop);
        };
        match kind {
            "merged-library" => rest.parse().map(Self::MergedLibrary).map_err(drop),
            "source-library" => rest.parse().map(Self::SourceLibrary).map_err(drop),
            "server" => rest.parse().map(Self::Server).map_err(drop),
            "link" => rest.parse().map(Self::Link).map_err(drop),
            _ => Err(()),
        }
    }
}

impl NodeId {
    /// # Errors
    /// `BAD_INPUT` that names the argument.
    pub fn read(field: &str, id: &ID) -> GraphResult<Self> {
        id.parse()
            .map_err(|()| GraphError::bad_input(field, "no id", "an id that the API gave"))
    }

    /// The row of a server.
    ///
    /// # Errors
    /// `BAD_INPUT` for the id of something else.
    pub fn server(field: &str, id: &ID) -> GraphResult<i64> {
        match Self::read(field, id)? {
            Self::Server(row) => Ok(row),
            _ => Err(GraphError::bad_input(
                field,
                "no server's id",
                "a server's id",
            )),
        }
    }

    /// The row of an account link.
    ///
    /// # Errors
    /// `BAD_INPUT` for the id of something else.
    pub fn link(field: &str, id: &ID) -> GraphResult<i64> {
        match Self::read(field, id)? {
            Self::Link(row) => Ok(row),
            _ => Err(GraphError::bad_input(field, "no link's id", "a link's id")),
        }
    }

    /// A merged or source library's virtual id; both forms of its id are taken.
    ///
    /// # Errors
    /// `BAD_INPUT` for the id of something else.
    pub fn library(field: &str, id: &ID) -> GraphResult<PublicId> {
        match Self::read(field, id)? {
            Self::MergedLibrary(id) | Self::SourceLibrary(id) | Self::Public(id) => Ok(id),
            _ => Err(GraphError::bad_input(
                field,
                "no library's id",
                "a library's id",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_what_they_are_of() {
        let public = PublicId::random();
        for id in [
            NodeId::Public(public),
            NodeId::MergedLibrary(public),
            NodeId::SourceLibrary(public),
            NodeId::Server(7),
            NodeId::Link(-1),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "server:x", "film:1", "server:1:2"] {
            assert_eq!(NodeId::from_str(text), Err(()), "{text}");
        }
        assert!(NodeId::server("id", &"link:1".into()).is_err());
    }
}
