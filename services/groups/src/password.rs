//! Passwords of groups: Argon2id, as many at once as there are cores.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::error::{GroupsError, Result};

/// Passwords that may wait for a core each; who comes on top is told to try again.
const WAITING_PER_CORE: usize = 32;

/// Hashes and compares.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Whoever waits for a turn, or has one.
    places: Semaphore,
}

impl Passwords {
    /// Ready to use.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)), places: Semaphore::new(cores * WAITING_PER_CORE) }
    }

    /// For storing: a PHC string with salt and parameters (19 MiB, 2 passes, 1 lane: the crate's defaults, OWASP's choice).
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| GroupsError::Crypto(error.to_string()))
        })
        .await
    }

    /// Whether the password is the stored one.
    pub(crate) async fn is_right(&self, password: String, stored: String) -> Result<bool> {
        self.in_turn(move || {
            let hash = PasswordHash::new(&stored).map_err(|error| GroupsError::Crypto(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let crypto = |error: &dyn std::error::Error| GroupsError::Crypto(error.to_string());
        let _place = self.places.try_acquire().map_err(|_| GroupsError::PasswordsBusy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| crypto(&error))?;
        // The work can't be stopped: it keeps its turn even when nobody waits for it any more.
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        worked.await.map_err(|error| crypto(&error))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let passwords = Passwords::new();
        let stored = passwords.hash("open sesame".to_owned()).await.unwrap();
        assert!(!stored.contains("sesame"));
        assert!(passwords.is_right("open sesame".to_owned(), stored.clone()).await.unwrap());
        for wrong in ["", "open", "Open sesame", "open sesame "] {
            assert!(!passwords.is_right(wrong.to_owned(), stored.clone()).await.unwrap(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_crowd_is_refused_at_once() {
        let passwords = Passwords { turns: Arc::new(Semaphore::new(0)), places: Semaphore::new(1) };
        let waiting = passwords.hash("a".to_owned());
        tokio::pin!(waiting);
        assert!(matches!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx))).await,
            std::task::Poll::Pending
        ));
        assert!(matches!(passwords.hash("b".to_owned()).await, Err(GroupsError::PasswordsBusy)));
    }
}
