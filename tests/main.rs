//! One integration binary: a file a subject, what several need in `support/`.

#[macro_use]
mod support;

mod accounts;
mod apply;
mod backup;
mod batching;
mod command_line;
mod db;
mod differential;
mod exactness;
mod failure;
mod layers;
mod outage;
mod recorded_fidelity;
mod specs;
mod sync;
mod truth;
mod watch;
mod web_session;
