//! An answer whose body is still on its way.

use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use super::apart::Apart;
use crate::model::Secret;
use crate::splice::Passage;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What [`Server::open`](super::Server::open) gives.
pub struct Response(http::Response<Body>);

enum Body {
    Read(UnsyncBoxBody<Bytes, Error>),
    Apart(Apart),
}

/// The connection broke before the body was whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server broke off")]
pub struct BrokeOff;

impl Response {
    pub(super) fn new<B>(response: http::Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        Self(response.map(|body| Body::Read(body.map_err(Into::into).boxed_unsync())))
    }

    pub(super) fn apart(response: http::Response<Apart>) -> Self {
        Self(response.map(Body::Apart))
    }

    /// What the server was asked by.
    pub(super) fn by(mut self, token: Secret) -> Self {
        self.0.extensions_mut().insert(token);
        self
    }

    /// The token that it answers to, which it may repeat; none where it was asked as nobody.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.0.extensions().get()
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The length that the server announced, in bytes.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        let length = self.headers().get(CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }

    /// Whether a [`Passage`] is of use.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        matches!(self.0.body(), Body::Apart(_))
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BrokeOff> {
        self.piece(None).await
    }

    /// The same, of a body that is passed on: by the passage where it can be, and only when that is ready.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn piece(
        &mut self,
        passage: Option<&mut Passage>,
    ) -> Result<Option<Bytes>, BrokeOff> {
        let body = match self.0.body_mut() {
            Body::Apart(apart) => return apart.piece(passage).await.map_err(|_| BrokeOff),
            Body::Read(body) => body,
        };
        while let Some(frame) = body.frame().await {
            // Trailers say nothing to a client of ours.
            if let Ok(bytes) = frame.map_err(|_| BrokeOff)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// Headers may hold what is nobody's business.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
