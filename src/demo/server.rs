//! Starting and stopping a demo server.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::content;
use super::listener::CutListener;
use super::routes;
use super::spec::{DemoError, DemoSpec};
use super::state::{State, lock};
use crate::clock::Clock;

/// A small Jellyfin server on a port of 127.0.0.1 of its own. It stops when it is dropped.
pub struct DemoServer {
    state: Arc<State>,
    running: Mutex<Option<Running>>,
}

struct Running {
    cut: CancellationToken,
    task: JoinHandle<()>,
}

impl DemoServer {
    /// Starts a server; the system gives the port.
    ///
    /// # Errors
    /// No port is free, or the recording cannot be read.
    pub async fn start(spec: DemoSpec) -> Result<Self, DemoError> {
        Self::start_at(spec, Clock::system()).await
    }

    /// The same with a clock of the test's own.
    ///
    /// # Errors
    /// As [`DemoServer::start`].
    pub async fn start_at(spec: DemoSpec, clock: Clock) -> Result<Self, DemoError> {
        let stock = content::stock(&spec)?;
        let server = Self {
            state: Arc::new(State::new(stock, clock)),
            running: Mutex::default(),
        };
        server.set_delay(spec.delay);
        server.listen().await?;
        Ok(server)
    }

    /// Its address, `http://127.0.0.1:port`, the same after a restart.
    pub fn url(&self) -> String {
        self.state.url()
    }

    /// Its Jellyfin server id, 32 hex digits.
    pub fn id(&self) -> String {
        super::item::hex(self.state.id)
    }

    pub fn name(&self) -> &str {
        &self.state.name
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub fn is_running(&self) -> bool {
        lock(&self.running).is_some()
    }

    /// Breaks all connections and refuses new ones; what it holds stays.
    pub fn stop(&self) {
        if let Some(running) = lock(&self.running).take() {
            running.cut.cancel();
            running.task.abort();
        }
    }

    /// Stops and listens again on the same port. Tokens stay valid, as on a real server.
    ///
    /// # Errors
    /// The port was taken by another process meanwhile.
    pub async fn restart(&self) -> Result<(), DemoError> {
        self.stop();
        self.listen().await
    }

    /// Listens, if it does not yet.
    pub(super) async fn listen(&self) -> Result<(), DemoError> {
        if self.is_running() {
            return Ok(());
        }
        let port = u16::try_from(self.state.port.load(Ordering::SeqCst)).unwrap_or(0);
        let listener = bind(port).await?;
        let port = listener.local_addr().map_err(DemoError::Listen)?.port();
        self.state.port.store(u64::from(port), Ordering::SeqCst);
        let cut = CancellationToken::new();
        let app = Router::new()
            .fallback(routes::handle)
            .with_state(self.state.clone());
        let listener = CutListener {
            listener,
            cut: cut.clone(),
        };
        let task = tokio::spawn(async move {
            // It ends only when it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        *lock(&self.running) = Some(Running { cut, task });
        Ok(())
    }
}

/// Binds; the port of a listener that was just aborted may need a moment to be free.
async fn bind(port: u16) -> Result<TcpListener, DemoError> {
    let mut tries = 0;
    loop {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => return Ok(listener),
            Err(_) if tries < 100 => {
                tries += 1;
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Err(error) => return Err(DemoError::Listen(error)),
        }
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.stop();
    }
}
