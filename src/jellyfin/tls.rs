//! Which certificates are trusted: the system's authorities, a private one, or one certificate.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};

use super::{TlsProblem, UpstreamError};

/// Whom to trust on a server's side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TlsTrust {
    /// The authorities of the system and of Mozilla's list.
    #[default]
    System,
    /// These as well: PEM text, one or more certificates.
    Authority(String),
    /// Exactly the certificate with this SHA-256, whoever signed it.
    Fingerprint([u8; 32]),
}

/// A fingerprint or a PEM that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTrustError {
    #[error("a fingerprint is `sha256:` and 64 hex digits (colons allowed)")]
    Fingerprint,
    #[error("no certificate in PEM form was found")]
    Pem,
}

impl TlsTrust {
    /// Checks that there is a certificate in the text.
    ///
    /// # Errors
    /// `Pem` when there is none, or one cannot be read.
    pub fn authority(pem: impl Into<String>) -> Result<Self, ParseTrustError> {
        let pem = pem.into();
        read_pem(&pem)?;
        Ok(Self::Authority(pem))
    }

    /// Reads `sha256:…`.
    ///
    /// # Errors
    /// `Fingerprint` when it is not one.
    pub fn fingerprint(text: &str) -> Result<Self, ParseTrustError> {
        let text = text.trim();
        let digits: String = text
            .strip_prefix("sha256:")
            .or_else(|| text.strip_prefix("SHA256:"))
            .unwrap_or(text)
            .chars()
            .filter(|c| *c != ':')
            .collect();
        let mut bytes = [0; 32];
        hex::decode_to_slice(&digits, &mut bytes).map_err(|_| ParseTrustError::Fingerprint)?;
        Ok(Self::Fingerprint(bytes))
    }
}

/// The form kept in the database: empty, `sha256:…`, or PEM text.
impl fmt::Display for TlsTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => Ok(()),
            Self::Authority(pem) => f.write_str(pem),
            Self::Fingerprint(bytes) => write!(f, "sha256:{}", hex::encode(bytes)),
        }
    }
}

impl FromStr for TlsTrust {
    type Err = ParseTrustError;
    fn from_str(text: &str) -> Result<Self, ParseTrustError> {
        if text.trim().is_empty() {
            Ok(Self::System)
        } else if text.contains("-----BEGIN") {
            Self::authority(text)
        } else {
            Self::fingerprint(text)
        }
    }
}

fn read_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, ParseTrustError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| ParseTrustError::Pem)?;
    if certificates.is_empty() {
        return Err(ParseTrustError::Pem);
    }
    Ok(certificates)
}

/// What was refused last: rustls' error passes through layers that keep its text alone.
pub(super) type Refusal = Arc<Mutex<Option<UpstreamError>>>;

/// A client configuration and where it notes the certificate it refused.
///
/// # Errors
/// `Malformed` when the trust's PEM cannot be used.
pub(super) fn client_config(trust: &TlsTrust) -> Result<(ClientConfig, Refusal), UpstreamError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let refusal = Refusal::default();
    let verifier = Verifier::new(trust, provider.clone(), refusal.clone())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| UpstreamError::malformed("no TLS version is usable"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, refusal))
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    rule: Rule,
    refusal: Refusal,
}

#[derive(Debug)]
enum Rule {
    Pinned([u8; 32]),
    /// `exact`: certificates named as authorities are taken themselves too, which webpki refuses.
    Chain {
        webpki: Arc<WebPkiServerVerifier>,
        exact: Vec<CertificateDer<'static>>,
    },
}

impl Verifier {
    fn new(
        trust: &TlsTrust,
        provider: Arc<CryptoProvider>,
        refusal: Refusal,
    ) -> Result<Self, UpstreamError> {
        let rule = match trust {
            TlsTrust::Fingerprint(pin) => Rule::Pinned(*pin),
            TlsTrust::System => Rule::chain(&provider, Vec::new())?,
            TlsTrust::Authority(pem) => {
                let own = read_pem(pem).map_err(|e| UpstreamError::malformed(e.to_string()))?;
                Rule::chain(&provider, own)?
            }
        };
        Ok(Self {
            provider,
            rule,
            refusal,
        })
    }

    fn refuse(&self, problem: TlsProblem, shown: [u8; 32]) {
        *self.refusal.lock().unwrap_or_else(|e| e.into_inner()) = Some(UpstreamError::Tls {
            problem,
            fingerprint: Some(format!("sha256:{}", hex::encode(shown))),
        });
    }
}

impl Rule {
    fn chain(
        provider: &Arc<CryptoProvider>,
        own: Vec<CertificateDer<'static>>,
    ) -> Result<Self, UpstreamError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(own.iter().cloned());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|_| UpstreamError::malformed("the certificate authority is unusable"))?;
        Ok(Self::Chain { webpki, exact: own })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown: [u8; 32] = Sha256::digest(end_entity).into();
        match &self.rule {
            Rule::Pinned(pin) if *pin == shown => Ok(ServerCertVerified::assertion()),
            Rule::Pinned(_) => {
                self.refuse(TlsProblem::FingerprintMismatch, shown);
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Rule::Chain { exact, .. } if exact.iter().any(|own| own == end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            Rule::Chain { webpki, .. } => webpki
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .inspect_err(|error| self.refuse(problem(error), shown)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn problem(error: &Error) -> TlsProblem {
    use CertificateError as C;
    match error {
        Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => TlsProblem::Expired,
        Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            TlsProblem::NotYetValid
        }
        Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            TlsProblem::WrongName
        }
        Error::InvalidCertificate(_) => TlsProblem::UnknownIssuer,
        _ => TlsProblem::Handshake,
    }
}
