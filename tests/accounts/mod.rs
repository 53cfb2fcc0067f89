//! Users, sessions, links, servers and libraries, against small Jellyfin servers.

mod bed;
mod libraries;
mod links;
mod people;
mod refusals;
mod servers;
mod sign_in;
