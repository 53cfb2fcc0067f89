//! `manyfin health`: asks a running gateway whether it is ready, for containers that have no curl.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output};

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Health {
    /// Where the gateway listens; the configuration's address if not said
    #[arg(long, value_name = "ADDR")]
    bind: Option<SocketAddr>,
}

impl Health {
    pub(super) fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let bind = match self.bind {
            Some(bind) => bind,
            None => settings.load()?.bind,
        };
        let status = ask(reachable(bind))?;
        if status != 200 {
            return Err(format!("the gateway is not ready (it answers {status})").into());
        }
        output.print(json!({ "status": "ready" }), || "ready".to_owned());
        Ok(())
    }
}

/// Who listens everywhere listens at home.
fn reachable(mut bind: SocketAddr) -> SocketAddr {
    match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => bind.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => bind.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    bind
}

/// One question needs no HTTP client.
fn ask(address: SocketAddr) -> Result<u16, Failure> {
    let failed = |error: std::io::Error| format!("no answer from {address}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let question =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).map_err(failed)?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(failed)?;
    let status = std::str::from_utf8(&head)
        .ok()
        .and_then(|head| head.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| format!("what answers at {address} is no gateway").into())
}
