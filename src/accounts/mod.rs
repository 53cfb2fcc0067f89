//! Who may do what: users, sessions, account links, servers, libraries, secrets, public ids.

mod actor;
mod address;
mod crawler;
mod declared;
mod error;
mod libraries;
mod library_sources;
mod limiter;
mod link_checks;
mod links;
mod names;
mod passwords;
mod public_ids;
mod refused_links;
mod renewing;
mod rotation;
mod servers;
mod service;
mod sessions;
pub mod settings;
mod setup;
mod sign_in;
#[cfg(test)]
mod tests;
mod upstream_login;
mod users;
mod vault;
mod viewer;
mod viewers;

pub use actor::Actor;
pub use address::read_url;
pub use error::AccountsError;
pub use libraries::{LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput};
pub use links::{LinkInfo, LinkInfoState};
pub use passwords::Cost as PasswordCost;
pub use public_ids::PublicIds;
pub use rotation::unreadable;
pub use servers::{AddServer, ServerUpdate};
pub use service::{Accounts, Change, Options};
pub use sessions::{Device, Session, SignedIn};
pub use setup::FirstStart;
pub use sign_in::SignIn;
pub use upstream_login::Credentials;
pub use users::{NewUser, User};
pub use vault::{Vault, VaultError};
pub use viewer::{Link, LinkState, SessionInfo, Viewer};
