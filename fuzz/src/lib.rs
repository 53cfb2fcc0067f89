//! What must hold for any input at all, one function an input. The fuzz targets call them with what
//! libFuzzer makes up; the test suite calls them with the seeds.

pub mod authorization;
pub mod configuration;
pub mod dedup;
pub mod merging;
pub mod playlist;
pub mod query;
pub mod upstream;

/// A check of one input. Panics where something does not hold.
pub type Check = fn(&[u8]);

/// Every target, by the name of its seeds' folder.
pub const TARGETS: [(&str, Check); 7] = [
    ("authorization", authorization::check),
    ("configuration", configuration::check),
    ("dedup", dedup::check),
    ("merging", merging::check),
    ("playlist", playlist::check),
    ("query", query::check),
    ("upstream", upstream::check),
];
