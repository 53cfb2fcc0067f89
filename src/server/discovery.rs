//! Apps on the home network find the gateway by asking everybody: `who is JellyfinServer?` by UDP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Serialize;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Where apps ask.
pub const PORT: u16 = 7359;
const QUESTION: &str = "who is jellyfinserver?";
/// Longer than any question; what is longer is none.
const LONGEST: usize = 256;

/// What apps are told.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// 32 hex digits, as `/System/Info/Public` tells it.
    pub id: String,
    pub name: String,
    /// Where clients reach us; none: at the address by which we reach the one who asks.
    pub public_url: Option<String>,
    /// Where the gateway listens.
    pub bind: SocketAddr,
}

/// As Jellyfin answers, the nothing included.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    address: String,
    id: &'a str,
    name: &'a str,
    endpoint_address: Option<&'a str>,
}

/// Where to listen for a gateway that listens at `bind`: what only this machine reaches is not told to
/// others. Broadcasts reach no socket that is bound to one address.
pub fn listen_at(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip().is_loopback() {
        true => Ipv4Addr::LOCALHOST,
        false => Ipv4Addr::UNSPECIFIED,
    };
    SocketAddr::from((ip, PORT))
}

/// Answers from now on; gives where. None, and a warning, when that port cannot be had: another server
/// may have it, and apps can still be told the address by hand.
pub async fn start(at: SocketAddr, told: Announcement) -> Option<(SocketAddr, JoinHandle<()>)> {
    let bound = async {
        let socket = UdpSocket::bind(at).await?;
        Ok::<_, std::io::Error>((socket.local_addr()?, socket))
    };
    match bound.await {
        Ok((at, socket)) => Some((at, tokio::spawn(answer(socket, told)))),
        Err(error) => {
            tracing::warn!(%error, "apps cannot find this server by themselves: UDP {at}: {error}");
            None
        }
    }
}

async fn answer(socket: UdpSocket, told: Announcement) {
    let mut question = [0; LONGEST];
    loop {
        let (length, peer) = match socket.recv_from(&mut question).await {
            Ok(received) => received,
            // An earlier answer found nobody; nothing is wrong with the socket.
            Err(error) => {
                tracing::debug!(%error, "a question was not received");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let text = String::from_utf8_lossy(&question[..length]).to_ascii_lowercase();
        // Whoever is elsewhere did not ask: somebody forged the sender, to have it flooded.
        if !text.contains(QUESTION) || !is_near(peer.ip()) {
            continue;
        }
        let answer = Answer {
            address: match &told.public_url {
                Some(url) => url.clone(),
                None => format!("http://{}", own_address(&told, peer).await),
            },
            id: &told.id,
            name: &told.name,
            endpoint_address: None,
        };
        let answer = serde_json::to_vec(&answer).expect("texts are always JSON");
        if let Err(error) = socket.send_to(&answer, peer).await {
            tracing::debug!(%error, "an app was not told where this server is");
        }
    }
}

fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The address at which the one who asks reaches us.
async fn own_address(told: &Announcement, peer: SocketAddr) -> SocketAddr {
    if !told.bind.ip().is_unspecified() {
        return told.bind;
    }
    // Nothing is sent: the system tells which of our addresses it would use.
    let any = match peer {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0)),
    };
    let way = async {
        let socket = UdpSocket::bind(any).await?;
        socket.connect(peer).await?;
        socket.local_addr()
    };
    let ip = way.await.map_or(told.bind.ip(), |local| local.ip());
    SocketAddr::new(ip, told.bind.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_far_away_did_not_ask() {
        for (ip, near) in [
            ("127.0.0.1", true),
            ("192.168.1.9", true),
            ("169.254.3.4", true),
            ("::ffff:10.0.0.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("203.0.113.9", false),
            ("::ffff:203.0.113.9", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_near(ip.parse().expect("an address")), near, "{ip}");
        }
    }
}
