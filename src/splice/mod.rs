//! Bytes from a server's socket to a client's that never come into this process: the kernel hands their
//! pages on, by a pipe between the two. To copy them in and out again is most of what passing a film on costs.
//!
//! hyper frames both answers and knows nothing of it: the client's answer has a body of bytes that stand
//! in, as many as went into the pipe, and the connection writes the pipe's in their place.

mod pipe;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::TcpStream;

use pipe::Pipe;

/// Written nowhere: the connection has others in their place.
static STAND_IN: [u8; pipe::SIZE] = [0; pipe::SIZE];

/// What a connection to a client offers to its answers, by their request's extensions. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shortcut(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pipe: Option<Pipe>,
    /// Bytes in the pipe, for each of which one that stands in is on its way.
    owed: usize,
    /// Whether all that the answer gave so far lies in the client's socket.
    is_flushed: bool,
    waiting: Option<Waker>,
    /// Whether an answer may go on to fill the pipe.
    is_open: bool,
}

impl Shortcut {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// For the body of one answer, whose length its headers tell: in chunks, or made smaller, other bytes
    /// would be taken for those that stand in.
    ///
    /// None where there is no way: another system than Linux, as many pipes as may be, or an answer
    /// before this one that is not through yet.
    #[must_use]
    pub fn passage(&self) -> Option<Passage> {
        let mut state = self.state();
        if state.pipe.is_some() {
            return None;
        }
        *state = State {
            pipe: Some(Pipe::open().ok()?),
            is_open: true,
            ..State::default()
        };
        Some(Passage {
            shortcut: self.clone(),
            is_begun: false,
        })
    }

    /// The connection was told to flush: it has written all that it was given.
    pub fn flushed(&self) {
        let waiting = self.state().flushed();
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Writes to the client what `given` bytes stand in for. None: they are what they are.
    pub fn poll_write(
        &self,
        context: &mut Context<'_>,
        client: &TcpStream,
        given: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        let mut state = self.state();
        match state.owed.min(given) {
            0 => None,
            most => Some(state.poll_write(context, client, most)),
        }
    }
}

impl State {
    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        client: &TcpStream,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let Some(pipe) = &self.pipe else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let written = loop {
            ready!(client.poll_write_ready(context))?;
            match client.try_io(Interest::WRITABLE, || pipe.drain(client, most)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => break written?,
            }
        };
        self.owed -= written;
        self.close();
        Poll::Ready(Ok(written))
    }

    fn flushed(&mut self) -> Option<Waker> {
        self.is_flushed = true;
        self.waiting.take()
    }

    fn poll_flushed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_flushed {
            return Poll::Ready(());
        }
        self.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn fill(&mut self, server: &TcpStream, most: usize) -> io::Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        let taken = pipe.fill(server, most)?;
        (self.owed, self.is_flushed) = (taken, false);
        Ok(taken)
    }

    /// What stands in may still be on its way when the answer has ended.
    fn close(&mut self) {
        if !self.is_open && self.owed == 0 {
            self.pipe = None;
        }
    }
}

/// The way of one answer's body.
pub struct Passage {
    shortcut: Shortcut,
    is_begun: bool,
}

impl Passage {
    /// Waits until all that the body gave so far lies in the client's socket: only then is it certain that
    /// what [`Self::take`] gives is the next to be written.
    pub async fn ready(&mut self) {
        if !self.is_begun {
            self.is_begun = true;
            // The answer's head was given since.
            self.shortcut.state().is_flushed = false;
        }
        std::future::poll_fn(|context| self.shortcut.state().poll_flushed(context)).await;
    }

    /// Waits for bytes from there and takes what there is, at most so many; what it gives is the body's
    /// next piece, and empty at the end. Only after [`Self::ready`].
    ///
    /// # Errors
    /// When the connection broke, or cannot be taken from in this way. Nothing is lost then: who reads
    /// from it sees the same.
    pub async fn take(&mut self, server: &TcpStream, most: u64) -> io::Result<Bytes> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(pipe::SIZE);
        let fill = || self.shortcut.state().fill(server, most);
        let taken = server.async_io(Interest::READABLE, fill).await?;
        Ok(Bytes::from_static(&STAND_IN[..taken]))
    }

    /// The body's next piece is another than [`Self::take`] gives.
    pub fn beside(&mut self) {
        self.shortcut.state().is_flushed = false;
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut state = self.shortcut.state();
        state.is_open = false;
        state.close();
    }
}
