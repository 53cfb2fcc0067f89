//! How long the body of a request may take: a minute without a byte, and in all as long as the slowest
//! line needs for what came. Otherwise whoever sends a byte now and then holds a connection for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// The longest silence, and what the first byte of all may take.
const SILENCE: Duration = Duration::from_secs(60);
/// A slower line than this has no use for films.
const BYTES_A_SECOND: f64 = 4096.0;

/// A body that ends with an error where its sender is too slow.
pub(super) struct Patient<B> {
    body: B,
    begun: Instant,
    received: usize,
    /// Made when it is first waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> Patient<B> {
    pub(super) fn new(body: B) -> Self {
        Self {
            body,
            begun: Instant::now(),
            received: 0,
            deadline: None,
        }
    }

    fn due(&self) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "a body is bounded")]
        let earned = Duration::from_secs_f64(self.received as f64 / BYTES_A_SECOND);
        (Instant::now() + SILENCE).min(self.begun + SILENCE + earned)
    }
}

impl<B> Body for Patient<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                self.received += frame.data_ref().map_or(0, Bytes::len);
                let due = self.due();
                if let Some(deadline) = &mut self.deadline {
                    deadline.as_mut().reset(due);
                }
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let due = self.due();
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        ready!(deadline.as_mut().poll(context));
        let told = "the body of the request came too slowly";
        Poll::Ready(Some(Err(
            io::Error::new(io::ErrorKind::TimedOut, told).into()
        )))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
