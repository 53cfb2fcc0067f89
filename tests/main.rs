//! One integration binary: a file a subject, what several need in `support/`.

mod layers;
mod recorded_fidelity;
mod support;
