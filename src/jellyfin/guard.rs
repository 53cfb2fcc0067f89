//! What stands around each call to a server: slots, the breaker, retries, one deadline.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::client::Request;
use super::counters::Purpose;
use super::{Server, ServerStatus, UpstreamError};

impl Server {
    /// One JSON call with everything that guards it.
    pub(super) async fn json(
        &self,
        request: Request<'_>,
        purpose: Purpose,
        deadline: Duration,
    ) -> Result<Option<Value>, UpstreamError> {
        self.client()?.endpoint(request.path, request.query)?;
        let attempts = if request.method == Method::GET {
            self.limits.attempts
        } else {
            1
        };
        let plan = Plan {
            purpose,
            attempts,
            deadline,
            slots: &self.slots,
        };
        let attempt = || async {
            let copy = Request {
                method: request.method.clone(),
                authorization: request.authorization.clone(),
                headers: request.headers.clone(),
                body: request.body.clone(),
                ..request
            };
            self.client()?.json(copy).await
        };
        self.guarded(plan, attempt).await
    }

    /// Waits for a slot, asks the breaker, tries, tells the breaker, tries again where that helps;
    /// all within one deadline.
    pub(super) async fn guarded<T, F, Fut>(
        &self,
        plan: Plan<'_>,
        attempt: F,
    ) -> Result<T, UpstreamError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, UpstreamError>>,
    {
        if let ServerStatus::Incompatible { version } = self.status() {
            return Err(UpstreamError::TooOld { version });
        }
        let deadline = Instant::now() + plan.deadline;
        let Ok(slot) = tokio::time::timeout_at(deadline, plan.slots.acquire()).await else {
            return Err(UpstreamError::Timeout);
        };
        let _slot = slot.map_err(|_| UpstreamError::CircuitOpen)?;
        let mut tried = 0;
        loop {
            if !self.breaker.admit() {
                return Err(UpstreamError::CircuitOpen);
            }
            self.counters.add(plan.purpose);
            tried += 1;
            let start = Instant::now();
            let result = tokio::time::timeout_at(deadline, attempt())
                .await
                .unwrap_or(Err(UpstreamError::Timeout));
            self.measure(plan.purpose, start, result.as_ref().err());
            if result.is_ok() && matches!(plan.purpose, Purpose::Call) {
                self.meter.answered(start.elapsed());
            }
            self.note(&plan, result.as_ref().err());
            match result {
                // A starting server stays so for longer than a deadline.
                Err(UpstreamError::Unreachable { .. }) if tried < plan.attempts => {
                    let pause = self.backoff(tried);
                    if Instant::now() + pause >= deadline {
                        return result;
                    }
                    tokio::time::sleep(pause).await;
                }
                other => return other,
            }
        }
    }

    pub(super) fn measure(&self, purpose: Purpose, start: Instant, error: Option<&UpstreamError>) {
        let outcome = error.map_or("ok", UpstreamError::code);
        let took = start.elapsed();
        self.metrics
            .upstream(&self.name(), purpose.word(), outcome, took);
    }

    fn backoff(&self, tried: u32) -> Duration {
        let whole = self.limits.backoff * (1 << (tried - 1).min(6));
        whole.mul_f64(rand::random_range(0.5..1.0))
    }

    /// What an attempt says about the server as a whole.
    fn note(&self, plan: &Plan<'_>, error: Option<&UpstreamError>) {
        // A transcode may take its time: late headers are no sign of a dead server.
        let patient = matches!(plan.purpose, Purpose::Stream);
        match error {
            Some(UpstreamError::Timeout) if patient => {}
            Some(error) if error.trips() => {
                if self.breaker.failure(error.is_connection()) {
                    self.set_error_status(error);
                    self.wake.notify_one();
                }
            }
            _ => {
                self.breaker.success();
                if !self.status.borrow().is_online() {
                    self.wake.notify_one();
                }
            }
        }
    }
}

/// How a call is tried.
pub(super) struct Plan<'a> {
    pub(super) purpose: Purpose,
    pub(super) attempts: u32,
    /// Waiting for a slot and retries included.
    pub(super) deadline: Duration,
    pub(super) slots: &'a Semaphore,
}
