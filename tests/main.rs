//! One integration binary: a file a subject, what several need in `support/`.

#[macro_use]
mod support;

mod access;
mod accounts;
mod apply;
mod audit;
mod backup;
mod bad_answers;
mod bad_day;
mod batching;
mod command_line;
mod crawls_told;
mod db;
mod decisions;
mod differential;
mod discovery;
mod door;
mod exactness;
mod extras;
mod failure;
mod fuzzed;
mod layers;
mod marks_refused;
mod next_answer;
mod nothing_lost;
mod odd_values;
mod operating;
mod outage;
mod pictures;
mod policies;
mod recorded_fidelity;
mod refused_links;
mod request_forms;
mod scopes;
mod search_hints;
mod shutdown;
mod silent;
mod specs;
mod sync;
mod tokenless;
mod truth;
mod watch;
mod watch_waiting;
mod web_session;
mod whole;
