//! How long, how often, how much.

use std::time::Duration;

/// Bounds on what one source may cost. The default is for real servers; tests shorten it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// A JSON call as a whole, waiting for a free slot and retries included.
    pub total: Duration,
    /// Until the headers of a stream that the server first has to make are there: a transcode, a segment.
    pub headers: Duration,
    /// Until the headers of what lies there are there: a file, an image, a subtitle.
    pub file_headers: Duration,
    /// The question whether a server is there.
    pub probe: Duration,
    /// Tries of an idempotent call, the first one included.
    pub attempts: u32,
    /// The pause before the first retry; doubles with each, with jitter.
    pub backoff: Duration,
    /// JSON calls at a time.
    pub concurrency: usize,
    /// Streams and images that wait for their headers at a time.
    pub stream_concurrency: usize,
    /// Bytes of one JSON answer, unpacked.
    pub max_json_bytes: usize,
    /// Failures in a row that open the breaker.
    pub failures_to_open: u32,
    /// How long the breaker stays open, times how often it opened lately.
    pub ejection: Duration,
    /// The longest that it stays open: less than a minute, so that a server that is back is used soon.
    pub max_ejection: Duration,
    /// Between two questions whether a server that answers still does.
    pub probe_online: Duration,
    /// Between two questions whether a silent server is back.
    pub probe_offline: Duration,
    /// How long a body request waits for others to go along with it.
    pub gather: Duration,
    /// The first pause before a lost socket is opened again; doubles up to a minute.
    pub socket_backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
            headers: Duration::from_secs(30),
            file_headers: Duration::from_secs(15),
            probe: Duration::from_secs(3),
            attempts: 3,
            backoff: Duration::from_millis(100),
            concurrency: 16,
            stream_concurrency: 64,
            max_json_bytes: 64 << 20,
            failures_to_open: 5,
            ejection: Duration::from_secs(30),
            max_ejection: Duration::from_secs(45),
            probe_online: Duration::from_secs(60),
            probe_offline: Duration::from_secs(10),
            gather: Duration::from_millis(1),
            socket_backoff: Duration::from_secs(1),
        }
    }
}
