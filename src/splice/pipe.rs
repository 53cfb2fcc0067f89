//! A pipe of the kernel's, between two sockets.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{Resource, getrlimit};

/// What it holds, in bytes.
pub(super) const SIZE: usize = 512 << 10;
/// A smaller one costs more than copying does: a user's pipes may be large only up to a sum.
const LEAST: usize = 64 << 10;

/// How many there are.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// How many there may be: each takes two of the files that the process may open, and connections are worth more.
static ALLOWED: LazyLock<usize> = LazyLock::new(|| {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files / 16).unwrap_or(usize::MAX)
});

pub(super) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Pipe {
    /// # Errors
    /// On another system than Linux, and when there are too many.
    pub(super) fn open() -> io::Result<Self> {
        let (reader, writer) = system::open()?;
        if OPEN.fetch_add(1, Ordering::Relaxed) >= *ALLOWED {
            OPEN.fetch_sub(1, Ordering::Relaxed);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(Self { reader, writer })
    }

    /// Takes from the socket what there is, at most so many bytes; none at its end. The pipe must be empty: a full
    /// one cannot be told from an empty socket.
    pub(super) fn fill(&self, socket: impl AsFd, most: usize) -> io::Result<usize> {
        system::splice(socket, &self.writer, most)
    }

    /// Gives to the socket what it takes, at most so many bytes.
    pub(super) fn drain(&self, socket: impl AsFd, most: usize) -> io::Result<usize> {
        system::splice(&self.reader, socket, most)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::{AsFd, LEAST, OwnedFd, SIZE, io};
    use rustix::io::retry_on_intr;
    use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with};

    pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let size = fcntl_setpipe_size(&writer, SIZE).or_else(|_| fcntl_getpipe_size(&writer))?;
        if size < LEAST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok((reader, writer))
    }

    pub(super) fn splice(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let spliced = retry_on_intr(|| rustix::pipe::splice(&from, None, &to, None, most, flags));
        Ok(spliced?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{AsFd, OwnedFd, io};

    pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn splice(_: impl AsFd, _: impl AsFd, _: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
