//! How much a connection takes in at once. A reader that takes its time costs little memory that way, and
//! one that takes all there is costs few wake-ups, which are most of what passing a file on takes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::time::Instant;

/// At the beginning, in bytes.
const FIRST: usize = 64 << 10;
const LEAST: usize = 16 << 10;
pub(super) const MOST: usize = 256 << 10;
/// Reads that follow each other as closely are those of a quick reader.
const QUICK: Duration = Duration::from_millis(5);
/// For each such time between two reads, half as much is read at once.
const SLOW: Duration = Duration::from_millis(50);
/// So many quick reads, before more is taken at once: every reader is quick until what lies on the way
/// to it is full.
const SUSTAINED: u32 = 128;

/// Reads as much at once as the reader's pace is worth.
#[derive(Debug)]
pub(super) struct ReadAhead<T> {
    io: Take<T>,
    pace: Pace,
}

#[derive(Debug)]
struct Pace {
    /// Bytes.
    at_once: usize,
    since: Instant,
    /// Quick ones.
    in_a_row: u32,
}

impl<T: AsyncRead> ReadAhead<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io: io.take(0),
            pace: Pace::new(Instant::now()),
        }
    }
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self {
            at_once: FIRST,
            since: now,
            in_a_row: 0,
        }
    }

    /// What was read at once, and whether there may have been more.
    fn read(&mut self, is_full: bool, now: Instant) {
        let apart = now.duration_since(self.since);
        self.since = now;
        if apart > QUICK {
            // What lies on the way to a slow reader is filled up in bursts, seconds apart.
            let pauses = (apart.as_millis() / SLOW.as_millis()).min(MOST.ilog2().into());
            (self.at_once, self.in_a_row) = ((self.at_once >> pauses).max(LEAST), 0);
        } else if is_full {
            self.in_a_row += 1;
        }
        if self.in_a_row >= SUSTAINED {
            (self.at_once, self.in_a_row) = ((self.at_once * 2).min(MOST), 0);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ReadAhead<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper doubles its buffer after a read that fills it: so that it does not, one byte less.
        let at_once = self.pace.at_once - 1;
        let (room, before) = (buf.remaining().min(at_once), buf.remaining());
        self.io.set_limit(at_once as u64);
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let read = before - buf.remaining();
        self.pace.read(read == room, Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ReadAhead<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.io.get_mut()).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.get_mut()).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + Connection> Connection for ReadAhead<T> {
    fn connected(&self) -> Connected {
        self.io.get_ref().connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken at once after so many full reads, so far apart.
    fn after(pace: &mut Pace, reads: u32, apart: Duration) -> usize {
        for _ in 0..reads {
            let now = pace.since + apart;
            pace.read(true, now);
        }
        pace.at_once
    }

    #[test]
    fn a_quick_reader_gets_more_at_once_when_it_stays_quick() {
        let quick = Duration::from_millis(1);
        let mut pace = Pace::new(Instant::now());
        assert_eq!(after(&mut pace, SUSTAINED - 1, quick), FIRST);
        assert_eq!(after(&mut pace, 1, quick), FIRST * 2);
        assert_eq!(after(&mut pace, SUSTAINED, quick), MOST);
        assert_eq!(after(&mut pace, SUSTAINED, quick), MOST);
    }

    #[test]
    fn a_slow_reader_gets_little_at_once_and_one_between_keeps_what_it_has() {
        let mut pace = Pace::new(Instant::now());
        assert_eq!(after(&mut pace, 10, SLOW), LEAST);
        assert_eq!(after(&mut pace, 1_000, QUICK * 2), LEAST);
        assert_eq!(after(&mut pace, SUSTAINED, QUICK), LEAST * 2);
    }

    #[test]
    fn a_slow_reader_that_is_filled_up_in_bursts_does_not_get_more_each_time() {
        let mut pace = Pace::new(Instant::now());
        for _ in 0..20 {
            after(&mut pace, 1, Duration::from_secs(3));
            assert!(after(&mut pace, 2 * SUSTAINED, QUICK) <= FIRST);
        }
    }

    #[test]
    fn a_source_that_gives_little_is_asked_for_no_more() {
        let mut pace = Pace::new(Instant::now());
        for _ in 0..1_000 {
            pace.read(false, pace.since);
        }
        assert_eq!(pace.at_once, FIRST);
    }
}
