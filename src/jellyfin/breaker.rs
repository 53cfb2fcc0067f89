//! Leaves a failing server alone for a while, then lets one request try.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// The state machine of one server. Times are tokio's, so that tests can pause them.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_to_open: u32,
    ejection: Duration,
    max_ejection: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    gate: Gate,
    failures: u32,
    /// How often it opened lately; forgotten after a calm while.
    ejections: u32,
    calm_since: Instant,
}

#[derive(Debug, Clone, Copy)]
enum Gate {
    Closed,
    Open {
        until: Instant,
        by_connection: bool,
    },
    /// One request is on its way to see; another may go when it got lost.
    HalfOpen {
        since: Instant,
    },
}

/// How long a lone probe may take before the next one goes.
pub(super) const PROBE_PATIENCE: Duration = Duration::from_secs(30);
/// Without failure for so long, earlier ejections are forgotten.
const CALM: Duration = Duration::from_secs(300);

impl Breaker {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            failures_to_open: limits.failures_to_open.max(1),
            ejection: limits.ejection,
            max_ejection: limits.max_ejection,
            state: Mutex::new(State {
                gate: Gate::Closed,
                failures: 0,
                ejections: 0,
                calm_since: Instant::now(),
            }),
        }
    }

    /// Whether a request may go now. In half-open state only the first one that asks may.
    pub(super) fn admit(&self) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        match state.gate {
            Gate::Closed => true,
            Gate::Open { until, .. } if now < until => false,
            Gate::HalfOpen { since } if now < since + PROBE_PATIENCE => false,
            Gate::Open { .. } | Gate::HalfOpen { .. } => {
                state.gate = Gate::HalfOpen { since: now };
                true
            }
        }
    }

    /// The server answered, with whatever status.
    pub(super) fn success(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        if !matches!(state.gate, Gate::Closed) {
            state.calm_since = now;
        } else if now >= state.calm_since + CALM {
            state.ejections = 0;
        }
        state.gate = Gate::Closed;
        state.failures = 0;
    }

    /// The server failed. True when this opened the breaker.
    pub(super) fn failure(&self, by_connection: bool) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        state.failures = state.failures.saturating_add(1);
        let opens = match state.gate {
            Gate::Closed => state.failures >= self.failures_to_open,
            Gate::HalfOpen { .. } => true,
            // Sent before it opened.
            Gate::Open { .. } => false,
        };
        if opens {
            state.ejections = state.ejections.saturating_add(1);
            state.calm_since = now;
            let pause = (self.ejection * state.ejections.min(1000)).min(self.max_ejection);
            state.gate = Gate::Open {
                until: now + pause,
                by_connection,
            };
        }
        opens
    }

    /// The background question got an answer. A server that could not be reached is used again at
    /// once; one that was too slow gets one request to prove itself.
    pub(super) fn alive(&self) {
        let mut state = self.lock();
        if let Gate::Open { by_connection, .. } = state.gate {
            if by_connection {
                state.gate = Gate::Closed;
                state.failures = 0;
            } else {
                state.gate = Gate::Open {
                    until: Instant::now(),
                    by_connection,
                };
            }
        }
    }

    /// 0 closed, 1 half-open, 2 open.
    pub(super) fn state(&self) -> i64 {
        match self.lock().gate {
            Gate::Closed => 0,
            Gate::Open { until, .. } if Instant::now() < until => 2,
            Gate::Open { .. } | Gate::HalfOpen { .. } => 1,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}
