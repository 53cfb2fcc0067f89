//! Who may see what: every route for every kind of caller, and what is hidden on a server.

mod connections;
mod fields;
mod hidden;
mod refused;
mod rights;
mod routes;
mod shown;
mod sockets;
mod streams;
mod told;
mod unread;
mod walk;
mod world;
