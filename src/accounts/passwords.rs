//! Manyfin's own passwords: Argon2id, a few at a time.

use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

use super::AccountsError;
use crate::error::InvalidInput;
use crate::model::Secret;

/// Longer ones only make work.
const LONGEST: usize = 1024;

/// How much work a hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// 19 MiB, two passes.
    #[default]
    Usual,
    /// For tests and the demo, which sign in often: 1 MiB, one pass.
    Cheap,
}

/// Hashes and verifies on threads of their own; the bound keeps a flood of logins from taking all
/// memory and cores.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    cost: Cost,
    /// Stands in where there is no hash: time tells nothing of a name.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    pub fn new(cost: Cost) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots: Arc::new(Semaphore::new(cores)),
            cost,
            nobody: Arc::default(),
        }
    }

    /// The PHC text of a password.
    ///
    /// # Errors
    /// `InvalidInput` when it is too long.
    pub async fn hash(&self, password: &Secret) -> Result<String, AccountsError> {
        if password.expose().len() > LONGEST {
            return Err(too_long().into());
        }
        let (password, cost) = (password.clone(), self.cost);
        self.run(move || hash(password.expose(), cost))
            .await?
            .map_err(|error| AccountsError::Internal(error.to_string()))
    }

    /// Whether a password is the one; with no hash, always false and as slow.
    ///
    /// # Errors
    /// When the thread fails.
    pub async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AccountsError> {
        if password.expose().len() > LONGEST {
            return Ok(false);
        }
        let (password, hash) = (password.clone(), hash.map(str::to_owned));
        let (stand_in, cost) = (self.nobody.clone(), self.cost);
        self.run(move || {
            let known = hash.is_some();
            let nobody = || self::hash("", cost).unwrap_or_default();
            let text = hash.unwrap_or_else(|| stand_in.get_or_init(nobody).clone());
            let fits = PasswordHash::new(&text).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.expose().as_bytes(), &hash)
                    .is_ok()
            });
            known && fits
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountsError> {
        let internal = |error: &dyn std::fmt::Display| AccountsError::Internal(error.to_string());
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.map_err(|error| internal(&error))?;
        tokio::task::spawn_blocking(move || {
            // Held by the thread, not by the caller, who may go away before it is done.
            let _slot = slot;
            work()
        })
        .await
        .map_err(|error| internal(&error))
    }
}

fn too_long() -> InvalidInput {
    InvalidInput::new(
        "password",
        "it is too long",
        format!("up to {LONGEST} bytes"),
    )
}

fn hash(password: &str, cost: Cost) -> argon2::password_hash::Result<String> {
    let params = match cost {
        Cost::Usual => Params::new(19 * 1024, 2, 1, None)?,
        Cost::Cheap => Params::new(1024, 1, 1, None)?,
    };
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
}
