//! Operators' passwords: Argon2id, as many at once as there are cores, and as slow for unknown addresses as for known ones.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::error::AuthError;

/// Hashes and compares.
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Of no password: compared with when there is no operator.
    nobody: String,
}

impl Passwords {
    /// Ready to use.
    pub async fn new() -> Result<Self, AuthError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let turns = Arc::new(Semaphore::new(cores));
        let nobody = hash(format!("{:032x}", rand::random::<u128>()), &turns).await?;
        Ok(Self { turns, nobody })
    }

    /// For storing: a PHC string with salt and parameters (19 MiB, 2 passes, 1 lane: the crate's defaults, OWASP's choice).
    pub async fn hash(&self, password: String) -> Result<String, AuthError> {
        hash(password, &self.turns).await
    }

    /// Whether the password is the stored one. Without a stored one it takes as long, and is not.
    pub async fn is_right(&self, password: String, stored: Option<String>) -> Result<bool, AuthError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let right = in_turn(&self.turns, move || {
            let hash = PasswordHash::new(&stored).map_err(|error| AuthError::Crypto(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await?;
        Ok(right && known)
    }
}

async fn hash(password: String, turns: &Arc<Semaphore>) -> Result<String, AuthError> {
    in_turn(turns, move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| AuthError::Crypto(error.to_string()))
    })
    .await
}

async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
) -> Result<T, AuthError> {
    let crypto = |error: &dyn std::error::Error| AuthError::Crypto(error.to_string());
    let turn = Arc::clone(turns).acquire_owned().await.map_err(|error| crypto(&error))?;
    // The turn lasts as long as the work: whoever asked may be gone before it ends.
    let taken = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(taken).await.map_err(|error| crypto(&error))?
}
