//! Where a request really comes from. `X-Forwarded-For` is believed from trusted proxies only.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use ipnet::IpNet;

/// The networks of the proxies in front of us.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The last address of the chain that no trusted proxy vouches for.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let chain: Vec<IpAddr> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|hop| parse(hop.trim()))
            .collect();
        for hop in chain.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            client = hop;
        }
        client
    }
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse::<IpAddr>()
        .or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

/// Who has one address of IPv6 has 2^64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        four => four,
    }
}

/// Puts the client's address where the handlers read the peer's.
pub async fn resolve(
    State(proxies): State<TrustedProxies>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(peer)) = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .copied()
    {
        let client = proxies.client(peer.ip(), request.headers());
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &str) -> String {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_forge_an_address() {
        assert_eq!(client("203.0.113.9", "192.0.2.1"), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        assert_eq!(client("10.0.0.2", "192.0.2.1"), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.2", "192.0.2.1:4711"), "192.0.2.1");
    }

    #[test]
    fn what_the_client_itself_claims_is_not_believed() {
        assert_eq!(
            client("10.0.0.2", "198.51.100.7, 192.0.2.1, 10.0.0.3"),
            "192.0.2.1"
        );
    }
}
