//! Crawling, access sets and bodies, against demo servers.

mod access;
mod background;
mod crawling;
mod hydrating;
mod odd_answers;
mod replica;
mod world;
