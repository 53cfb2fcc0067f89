//! Bytes that go by the shortcut: what the client gets is what the server sent, in its place.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Crowd, TrustedProxies, serve};
use crate::splice::{Passage, Shortcut};

/// Does not divide what is read at once.
const SIZE: usize = 3_000_001;
/// A server that gives so much gives no more, and stays.
const STAYS: usize = 1000;

/// No byte of it is zero, as those that stand in are.
fn film() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8 + 1).collect()
}

/// Gives the film in pieces of all lengths, some after a pause; `size` of it.
async fn server(size: usize) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let (film, mut at) = (film(), 0);
        for length in [1, 7, 1000, 60_000, 300_000].into_iter().cycle() {
            let end = (at + length).min(size);
            if end == STAYS && at == end {
                std::future::pending::<()>().await;
            }
            if at == end || client.write_all(&film[at..end]).await.is_err() {
                return;
            }
            at = end;
            if length < 1000 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    TcpStream::connect(address).await.unwrap()
}

/// An answer on its way.
struct Passing {
    passage: Passage,
    server: TcpStream,
    given: usize,
    pieces: usize,
}

impl Passing {
    /// Each `beside`th piece is read, the others taken.
    async fn piece(&mut self, beside: usize) -> Bytes {
        self.passage.ready().await;
        self.pieces += 1;
        let piece = match self.pieces % beside {
            0 => {
                let mut read = BytesMut::with_capacity(5000);
                self.server.read_buf(&mut read).await.unwrap();
                self.passage.beside();
                read.freeze()
            }
            _ => {
                let left = (SIZE - self.given) as u64;
                self.passage.take(&self.server, left).await.unwrap()
            }
        };
        self.given += piece.len();
        piece
    }
}

/// The film, of which the server gives `size` bytes.
async fn answer(shortcut: Shortcut, size: usize, beside: usize) -> Response {
    let Some(passage) = shortcut.passage() else {
        return Response::new(Body::from(film()));
    };
    let passing = Passing {
        passage,
        server: server(size).await,
        given: 0,
        pieces: 0,
    };
    let body = futures::stream::unfold(passing, move |mut passing| async move {
        let piece = passing.piece(beside).await;
        let ends = || std::io::Error::other("it broke off");
        match piece.is_empty() {
            true if passing.given == SIZE => None,
            true => Some((Err(ends()), passing)),
            false => Some((Ok(piece), passing)),
        }
    });
    let mut answer = Response::new(Body::from_stream(body));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(SIZE));
    headers.insert("way", HeaderValue::from_static("taken"));
    answer
}

/// `/film/{size}/{beside}`, and `/word`.
async fn start() -> SocketAddr {
    let whole = async |Extension(shortcut): Extension<Shortcut>,
                       Path((size, beside)): Path<(usize, usize)>| {
        answer(shortcut, size, beside).await
    };
    let router = Router::new()
        .route("/film/{size}/{beside}", get(whole))
        .route("/word", get(async || "a word"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let crowd = Crowd::new(&TrustedProxies::default());
    tokio::spawn(serve(listener, router, crowd, std::future::pending()));
    address
}

async fn ask(address: SocketAddr, paths: &[&str]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for path in paths {
        let request = format!("GET {path} HTTP/1.1\r\nHost: films\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    stream
}

/// One answer's head and body, read slowly at times.
async fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    for part in body.chunks_mut(400_000) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        stream.read_exact(part).await.unwrap();
    }
    (head, body)
}

fn whole(beside: usize) -> String {
    format!("/film/{SIZE}/{beside}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_comes_in_its_place() {
    let address = start().await;
    for beside in [usize::MAX, 2, 3, 10] {
        let mut stream = ask(address, &[&whole(beside)]).await;
        let (head, body) = read(&mut stream).await;
        assert!(head.contains("way: taken"), "{head}");
        assert!(body == film(), "beside {beside}");
    }
}

/// The next head is given when bytes that stand in are still on their way.
#[tokio::test(flavor = "multi_thread")]
async fn answers_follow_each_other_on_a_connection() {
    let address = start().await;
    let (taken, mixed) = (whole(usize::MAX), whole(2));
    let paths = [
        "/word", &*taken, "/word", &*taken, &*mixed, &*taken, "/word",
    ];
    let mut stream = ask(address, &paths).await;
    for path in paths {
        let (_, body) = read(&mut stream).await;
        match path {
            "/word" => assert_eq!(body, b"a word"),
            _ => assert!(body == film(), "{path}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_ends_the_connection() {
    let address = start().await;
    let path = format!("/film/{}/{}", SIZE - 1, usize::MAX);
    let mut stream = ask(address, &[&path, "/word"]).await;
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    assert!(
        all.ends_with(&film()[SIZE - 1001..SIZE - 1]),
        "nothing else"
    );
}

fn open_pipes() -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("pipe:"))
        .count()
}

/// They count against the files that may be open.
#[tokio::test(flavor = "multi_thread")]
async fn no_pipe_is_left() {
    let address = start().await;
    let before = open_pipes();
    let mut streams = Vec::new();
    for _ in 0..20 {
        let path = format!("/film/{STAYS}/{}", usize::MAX);
        let mut stream = ask(address, &[&path]).await;
        stream.read_exact(&mut [0; STAYS]).await.unwrap();
        streams.push(stream);
    }
    assert_eq!(open_pipes(), before + 40);
    // One is read to its end and stays, the others leave.
    let mut stream = ask(address, &[&whole(usize::MAX)]).await;
    read(&mut stream).await;
    drop(streams);
    for _ in 0..200 {
        if open_pipes() == before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} more pipes are open", open_pipes() - before);
}
