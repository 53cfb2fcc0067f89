//! Users, sessions, links, servers and libraries, against small Jellyfin servers.

mod bed;
mod codes;
mod libraries;
mod links;
mod odd;
mod people;
mod refusals;
mod servers;
mod sign_in;
