//! A file by a connection of its own, whose socket is there to be taken from: what a pool hands out is read
//! by a task of its own, and every byte goes through its memory.

use std::error::Error;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

use crate::splice::Passage;

/// Read at once where the bytes do come through our memory.
const AT_ONCE: usize = 64 << 10;

type BoxError = Box<dyn Error + Send + Sync>;
type Connection = http1::Connection<TokioIo<TcpStream>, Empty<Bytes>>;

/// Opens a connection for each request.
#[derive(Debug, Clone)]
pub(super) struct Connect(pub(super) HttpConnector);

/// What came of it.
pub(super) enum Answer {
    Apart(Apart),
    /// Its length is not told.
    Streamed(Incoming),
}

/// What failed, and whether there was no connection at all.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *.is_connect { "no connection" } else { "the connection broke" })]
pub(super) struct Failed {
    #[source]
    pub(super) source: BoxError,
    pub(super) is_connect: bool,
}

impl Failed {
    fn to_connect(error: impl Into<BoxError>) -> Self {
        Self {
            source: error.into(),
            is_connect: true,
        }
    }
}

impl From<hyper::Error> for Failed {
    fn from(error: hyper::Error) -> Self {
        Self {
            source: error.into(),
            is_connect: false,
        }
    }
}

impl Service<Request<Empty<Bytes>>> for Connect {
    type Response = Response<Answer>;
    type Error = Failed;
    type Future = BoxFuture<'static, Result<Self::Response, Failed>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move {
            let to = connector.oneshot(request.uri().clone()).await;
            exchange(to.map_err(Failed::to_connect)?, request).await
        })
    }
}

async fn exchange(
    io: TokioIo<TcpStream>,
    mut request: Request<Empty<Bytes>>,
) -> Result<Response<Answer>, Failed> {
    if let Some(host) = host(request.uri()) {
        request.headers_mut().insert(HOST, host);
    }
    let close = HeaderValue::from_static("close");
    request.headers_mut().insert(CONNECTION, close);
    *request.uri_mut() = request
        .uri()
        .path_and_query()
        .map_or_else(Uri::default, |path| Uri::from(path.clone()));
    let (mut sender, mut connection) = http1::handshake(io).await?;
    let response = answered(sender.send_request(request), &mut connection).await?;
    let (head, body) = response.into_parts();
    let length = (head.headers.get(CONTENT_LENGTH))
        .filter(|_| !head.headers.contains_key(TRANSFER_ENCODING))
        .filter(|_| matches!(head.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT))
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let body = match length {
        Some(length) => Answer::Apart(Apart::new(connection, body, length)),
        None => {
            tokio::spawn(connection);
            Answer::Streamed(body)
        }
    };
    Ok(Response::from_parts(head, body))
}

/// Without a name and password, which an address may hold.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let (host, port) = (uri.host()?, uri.port());
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    HeaderValue::try_from(format!("{host}{port}")).ok()
}

/// The head, for which the connection is driven from here: it must not be read from any further.
async fn answered(
    sent: impl Future<Output = hyper::Result<Response<Incoming>>>,
    connection: &mut Connection,
) -> hyper::Result<Response<Incoming>> {
    let mut sent = pin!(sent);
    std::future::poll_fn(|context| {
        // Its end tells `sent` how it failed.
        let _ = Pin::new(&mut *connection).poll(context);
        sent.as_mut().poll(context)
    })
    .await
}

/// A body of known length on its way.
pub(super) struct Apart {
    socket: TcpStream,
    /// What came with the head.
    first: Bytes,
    /// Bytes that were not given yet, `first` included.
    left: u64,
    /// Whether the kernel refused to take from the socket.
    is_refused: bool,
}

impl Apart {
    fn new(connection: Connection, mut body: Incoming, length: u64) -> Self {
        let parts = connection.into_parts();
        let mut first = BytesMut::new();
        // What the connection read before it was taken apart lies on both sides of it.
        while let Some(Some(Ok(frame))) = body.frame().now_or_never() {
            first.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
        first.extend_from_slice(&parts.read_buf);
        first.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Self {
            socket: parts.io.into_inner(),
            first: first.freeze(),
            left: length,
            is_refused: false,
        }
    }

    /// The next piece; none at the end. By the passage where there is one, and only when it is ready.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn piece(
        &mut self,
        mut passage: Option<&mut Passage>,
    ) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        let taken = match &mut passage {
            Some(passage) if self.first.is_empty() && !self.is_refused => {
                let taken = passage.take(&self.socket, self.left).await;
                // A connection that broke says so again when it is read from.
                self.is_refused = taken.is_err();
                taken.ok()
            }
            _ => None,
        };
        let piece = match taken {
            Some(taken) => taken,
            None => {
                let read = self.read().await?;
                if let Some(passage) = passage {
                    passage.beside();
                }
                read
            }
        };
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }

    async fn read(&mut self) -> io::Result<Bytes> {
        if !self.first.is_empty() {
            return Ok(std::mem::take(&mut self.first));
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(AT_ONCE);
        let mut read = BytesMut::with_capacity(most);
        let mut limited = bytes::BufMut::limit(&mut read, most);
        self.socket.read_buf(&mut limited).await?;
        Ok(read.freeze())
    }
}
