//! Users, sessions, links, servers and libraries, against small Jellyfin servers.

mod bed;
mod codes;
mod libraries;
mod links;
mod odd;
mod people;
mod refusals;
mod renewing;
mod servers;
mod sign_in;
