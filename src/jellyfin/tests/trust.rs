use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::jellyfin::{Server, TlsProblem, TlsTrust, UpstreamError};

const CERTIFICATE: &str = include_str!("tls/cert.pem");
/// Of a certificate that only these tests use.
const KEY: &str = include_str!("tls/key.pem");

pub(super) async fn serve() -> ::url::Url {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let body = r#"{"ProductName":"Jellyfin Server","Version":"10.11.1","Id":"ab"}"#;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("https://localhost:{port}/").parse().unwrap()
}

pub(super) fn fingerprint() -> String {
    let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    format!("sha256:{}", hex::encode(Sha256::digest(&der)))
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_with_its_fingerprint() {
    let url = serve().await;
    let error = Server::probe(&url, &TlsTrust::System).await.unwrap_err();
    assert_eq!(
        error,
        UpstreamError::Tls {
            problem: TlsProblem::UnknownIssuer,
            fingerprint: Some(fingerprint()),
        }
    );
    assert!(error.to_string().contains("self-signed"));
}

#[tokio::test]
async fn its_fingerprint_or_its_pem_makes_it_trusted() {
    let url = serve().await;
    let pinned = TlsTrust::fingerprint(&fingerprint()).unwrap();
    assert_eq!(
        Server::probe(&url, &pinned).await.unwrap().version,
        "10.11.1"
    );
    let own = TlsTrust::authority(CERTIFICATE).unwrap();
    assert_eq!(Server::probe(&url, &own).await.unwrap().version, "10.11.1");
}

#[tokio::test]
async fn another_fingerprint_does_not() {
    let url = serve().await;
    let error = Server::probe(&url, &TlsTrust::Fingerprint([7; 32]))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        UpstreamError::Tls {
            problem: TlsProblem::FingerprintMismatch,
            ..
        }
    ));
}

#[tokio::test]
async fn a_port_without_tls_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = Server::probe(&url, &TlsTrust::System).await.unwrap_err();
    assert_eq!(
        error,
        UpstreamError::Tls {
            problem: TlsProblem::Handshake,
            fingerprint: None
        }
    );
}

#[test]
fn trust_reads_what_it_writes() {
    for trust in [
        TlsTrust::System,
        TlsTrust::authority(CERTIFICATE).unwrap(),
        TlsTrust::Fingerprint([0xab; 32]),
    ] {
        assert_eq!(trust.to_string().parse::<TlsTrust>(), Ok(trust));
    }
    assert!(TlsTrust::fingerprint(&"AB:".repeat(32)).is_ok());
    assert!(TlsTrust::fingerprint("sha256:1234").is_err());
    assert!(TlsTrust::authority("-----BEGIN CERTIFICATE-----\nx").is_err());
}
