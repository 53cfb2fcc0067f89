//! The background question whether a server is there, and the status that follows from it.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::Instant;

use super::client::Request;
use super::counters::Purpose;
use super::server::public_info;
use super::{Server, ServerStatus, StatusChange, UpstreamError};

/// Before a silent server is believed to be silent.
const SECOND_LOOK: Duration = Duration::from_millis(500);
/// A starting server is asked more often.
const STARTING: Duration = Duration::from_secs(5);

/// Asks until the server is gone from the registry.
pub(super) async fn watch(server: Weak<Server>) {
    loop {
        let Some(held) = server.upgrade() else { return };
        held.ask().await;
        let pause = match held.status() {
            ServerStatus::Online { .. } => held.limits.probe_online,
            ServerStatus::Starting => held.limits.probe_offline.min(STARTING),
            _ => held.limits.probe_offline,
        };
        let wake = held.wake.clone();
        drop(held);
        // A little apart, so that many servers are not asked in one instant.
        let pause = pause.mul_f64(rand::random_range(0.9..1.0));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = wake.notified() => {}
        }
    }
}

impl Server {
    /// Asks now, and settles the status and the breaker by the answer. Where that finds the server gone, it
    /// is asked soon again, and not only after as long as a server that is there.
    pub async fn check(&self) -> ServerStatus {
        let was_online = self.status().is_online();
        let status = self.ask().await;
        if was_online && !status.is_online() {
            self.wake.notify_one();
        }
        status
    }

    async fn ask(&self) -> ServerStatus {
        let mut answer = self.look().await;
        if matches!(
            answer,
            Err(UpstreamError::Unreachable { .. } | UpstreamError::Timeout)
        ) && self.status.borrow().is_online()
        {
            tokio::time::sleep(SECOND_LOOK).await;
            answer = self.look().await;
        }
        self.settle(answer)
    }

    /// Asks once, where something else speaks against the server already: it keeps somebody waiting, or
    /// a request to it failed. Takes no longer than one question; who asks while one is on its way waits
    /// for that.
    pub async fn doubt(&self) -> ServerStatus {
        let asked = Instant::now();
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|looked| looked < asked) {
            let answer = self.look().await;
            if !self.settle(answer).is_online() {
                // From now on it is asked as often as a silent one.
                self.wake.notify_one();
            }
            *looked = Some(Instant::now());
        }
        self.status()
    }

    fn settle(&self, answer: Result<ServerStatus, UpstreamError>) -> ServerStatus {
        match answer {
            Ok(online) => {
                self.breaker.alive();
                self.set_status(online);
            }
            Err(error) => {
                if error.trips() {
                    self.breaker.failure(error.is_connection());
                }
                self.set_error_status(&error);
            }
        }
        self.status()
    }

    /// Resolves when a server that keeps somebody waiting turns out not to be there; it is asked each
    /// time this much has gone by.
    pub async fn gone(&self, patience: Duration) {
        loop {
            tokio::time::sleep(patience).await;
            if !self.doubt().await.is_online() {
                return;
            }
        }
    }

    async fn look(&self) -> Result<ServerStatus, UpstreamError> {
        let client = self.client()?;
        let asked = async {
            let start = Instant::now();
            self.counters.add(Purpose::Probe);
            let info = public_info(client).await?;
            let latency = start.elapsed();
            self.meter.answered(latency);
            if !info.ready {
                // The set-up page answers this question alone; all else is 503 until it started.
                self.counters.add(Purpose::Probe);
                let ping = client.json(Request::get("/System/Ping")).await;
                if matches!(ping, Err(UpstreamError::Starting)) {
                    return Err(UpstreamError::Starting);
                }
            }
            Ok(ServerStatus::Online {
                version: info.version,
                latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            })
        };
        let start = Instant::now();
        let answer = tokio::time::timeout(self.limits.probe, asked)
            .await
            .unwrap_or(Err(UpstreamError::Timeout));
        self.measure(Purpose::Probe, start, answer.as_ref().err());
        answer
    }

    pub(super) fn set_error_status(&self, error: &UpstreamError) {
        let since = match self.status() {
            ServerStatus::Offline { since, .. } => since,
            _ => self.clock.now(),
        };
        let status = ServerStatus::of_error(error, since).unwrap_or(ServerStatus::Offline {
            since,
            reason: error.to_string(),
        });
        self.set_status(status);
    }

    fn set_status(&self, status: ServerStatus) {
        let told = self.status.send_if_modified(|old| {
            let only_latency = matches!(
                (&*old, &status),
                (ServerStatus::Online { version: a, .. }, ServerStatus::Online { version: b, .. })
                    if a == b
            );
            let changed = *old != status && !only_latency;
            *old = status.clone();
            changed
        });
        if told {
            tracing::info!(server = %self.name(), status = ?status, "server status changed");
            // Nobody listening is fine.
            let _ = self.changes.send(StatusChange {
                server_id: self.id,
                status,
            });
        }
    }
}
