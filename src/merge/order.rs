//! In which order the copies of an item are offered for playing.

use std::cmp::Ordering;

use super::policy::SourcePolicy;
use crate::model::{ServerKey, UpstreamId};

/// A copy to be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub server: ServerKey,
    pub id: UpstreamId,
    /// Of its source library in the merged library; higher wins.
    pub priority: i32,
    /// The best [`super::quality::Quality::score`] of its versions.
    pub quality: i32,
    /// The class of its server's speed: lower is faster. Within a class nobody is faster, so that an
    /// order does not change with every measurement.
    pub speed: i32,
}

/// Which of two copies comes first. A total order: ties go by (server key, upstream id).
pub fn compare(policy: SourcePolicy, a: &Candidate, b: &Candidate) -> Ordering {
    let priority = || b.priority.cmp(&a.priority);
    let quality = || b.quality.cmp(&a.quality);
    let speed = || a.speed.cmp(&b.speed);
    let by_policy = match policy {
        SourcePolicy::Priority => priority().then_with(quality).then_with(speed),
        SourcePolicy::Quality => quality().then_with(speed).then_with(priority),
        SourcePolicy::Fastest => speed().then_with(quality).then_with(priority),
    };
    by_policy.then_with(|| (a.server, a.id).cmp(&(b.server, b.id)))
}
