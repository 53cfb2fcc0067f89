//! In which order the copies of an item are offered for playing.

use std::cmp::{Ordering, Reverse};

use super::policy::SourcePolicy;
use crate::model::{ServerKey, UpstreamId};

/// How fast a server was when last measured; what is unknown is slowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speed {
    pub bits_per_second: Option<u64>,
    pub latency_ms: Option<u32>,
}

/// Measurements waver; only differences of this size count: a third in throughput (two steps a
/// doubling), and a doubling of latency.
impl Speed {
    fn rank(&self) -> (Reverse<u32>, u32) {
        let throughput = self
            .bits_per_second
            .map_or(0, |b| b.max(1).ilog2() * 2 + half_step(b) + 1);
        let latency = self
            .latency_ms
            .map_or(u32::MAX, |ms| ms.saturating_add(1).ilog2());
        (Reverse(throughput), latency)
    }
}

/// Whether a number is past the middle of its power of two (×1.5).
fn half_step(number: u64) -> u32 {
    let bits = number.max(1).ilog2();
    u32::from(bits > 0 && number >> (bits - 1) & 1 == 1)
}

/// A copy to be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub server: ServerKey,
    pub id: UpstreamId,
    /// Of its source library in the merged library; higher wins.
    pub priority: i32,
    /// The best [`super::quality::Quality::score`] of its versions.
    pub quality: i32,
    pub speed: Speed,
}

/// Which of two copies comes first. A total order: ties go by (server key, upstream id).
pub fn compare(policy: SourcePolicy, a: &Candidate, b: &Candidate) -> Ordering {
    let priority = || b.priority.cmp(&a.priority);
    let quality = || b.quality.cmp(&a.quality);
    let speed = || a.speed.rank().cmp(&b.speed.rank());
    let by_policy = match policy {
        SourcePolicy::Priority => priority().then_with(quality).then_with(speed),
        SourcePolicy::Quality => quality().then_with(speed).then_with(priority),
        SourcePolicy::Fastest => speed().then_with(quality).then_with(priority),
    };
    by_policy.then_with(|| (a.server, a.id).cmp(&(b.server, b.id)))
}

/// The places of the candidates, best first.
pub fn order(policy: SourcePolicy, candidates: &[Candidate]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by(|a, b| compare(policy, &candidates[*a], &candidates[*b]));
    places
}
