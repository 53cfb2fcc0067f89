//! Which copy plays: by the source policy, among what its servers can give at this moment.
//!
//! Whose metadata leads is decided with the snapshot and kept ([`Projection::entry`]); what plays is
//! decided when it is asked for, since servers come, go, and become slow meanwhile.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::projection::Projection;
use crate::accounts::Viewer;
use crate::catalog::snapshot::{CopyIx, SourcePolicy};
use crate::jellyfin::Registry;
use crate::merge::order::{Candidate, compare};
use crate::merge::quality;

/// How the servers are, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct ServersNow(HashMap<i64, ServerNow>);

#[derive(Debug, Clone, Copy)]
struct ServerNow {
    is_available: bool,
    /// The class of its speed; lower is faster.
    speed: i32,
}

impl ServersNow {
    pub fn of(registry: &Registry) -> Self {
        let each = registry.all().into_iter().map(|server| {
            let now = ServerNow {
                is_available: server.is_available(),
                speed: server.speed().class,
            };
            (server.id, now)
        });
        Self(each.collect())
    }
}

impl Projection {
    /// Puts copies of one item into the order of the viewer's own policy, else of that of the first view
    /// that lists them; those of servers that do not answer last. `first` is preferred to any policy among
    /// available copies.
    pub(super) fn by_policy(
        &self,
        copies: &mut [CopyIx],
        viewer: &Viewer,
        servers: &ServersNow,
        first: impl Fn(CopyIx) -> bool,
    ) {
        let library = self.deciding_library(copies);
        let of_library = || library.map_or(SourcePolicy::Priority, |library| library.policy);
        let policy = viewer.source_policy.unwrap_or_else(of_library);
        let language = viewer.audio_language();
        // A server that nobody knows any more is as slow as can be.
        let gone = ServerNow {
            is_available: false,
            speed: i32::MAX,
        };
        let mut rated: Vec<(bool, bool, Candidate, CopyIx)> = copies
            .iter()
            .map(|ix| {
                let copy = self.snapshot.copy(*ix);
                let server = self.snapshot.server_of(copy);
                let now = servers.0.get(&server.id).copied().unwrap_or(gone);
                let candidate = Candidate {
                    server: server.key,
                    id: copy.upstream_id(),
                    priority: self.priority(library, copy),
                    quality: match language {
                        None => copy.quality,
                        wished => quality::best(copy.light.media_sources(), wished),
                    },
                    speed: now.speed,
                };
                (now.is_available, first(*ix), candidate, *ix)
            })
            .collect();
        rated.sort_by(|a, b| {
            let available: Ordering = b.0.cmp(&a.0);
            available
                .then(b.1.cmp(&a.1))
                .then_with(|| compare(policy, &a.2, &b.2))
        });
        for (place, (.., copy)) in copies.iter_mut().zip(rated) {
            *place = copy;
        }
    }
}
