//! A cache that the feed of facts keeps true.

use std::{
    future::Future,
    hash::Hash,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use moka::future::Cache;

/// Entries are believed only while the feed of facts is whole. A fact that comes while an entry is being fetched wins:
/// the entry is not kept.
pub struct Facts<K, V> {
    entries: Cache<K, V>,
    trusted: AtomicBool,
    changes: AtomicU64,
}

impl<K, V> Facts<K, V>
where
    K: Hash + Eq + Send + Sync + Clone + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// An empty cache of at most `capacity` entries, each kept for at most a minute.
    pub fn new(capacity: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(capacity)
            .time_to_live(std::time::Duration::from_secs(60))
            .support_invalidation_closures()
            .build();
        Self { entries, trusted: AtomicBool::new(true), changes: AtomicU64::new(0) }
    }

    /// The entry, fetched when it is not here.
    pub async fn get<E>(&self, key: K, fetch: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if self.trusted.load(Ordering::Acquire)
            && let Some(entry) = self.entries.get(&key).await
        {
            return Ok(entry);
        }
        let before = self.changes.load(Ordering::Acquire);
        let entry = fetch.await?;
        if self.trusted.load(Ordering::Acquire) {
            self.entries.insert(key.clone(), entry.clone()).await;
            if self.changes.load(Ordering::Acquire) != before {
                self.entries.invalidate(&key).await;
            }
        }
        Ok(entry)
    }

    /// Drops the entries that a fact concerns.
    pub fn forget(&self, concerns: impl Fn(&K, &V) -> bool + Send + Sync + 'static) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        if self.entries.invalidate_entries_if(concerns).is_err() {
            // Only a cache built without the support refuses.
            self.entries.invalidate_all();
        }
    }

    /// The feed is cut: nothing is believed.
    pub fn distrust(&self) {
        self.trusted.store(false, Ordering::Release);
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.entries.invalidate_all();
    }

    /// The feed is whole again.
    pub fn trust(&self) {
        self.distrust();
        self.trusted.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(cache: &Facts<u8, u8>, value: u8) -> u8 {
        cache.get::<()>(1, async { Ok(value) }).await.expect("a value")
    }

    #[tokio::test]
    async fn entries_are_kept_until_a_fact_concerns_them() {
        let cache = Facts::new(10);
        assert_eq!(get(&cache, 1).await, 1);
        assert_eq!(get(&cache, 2).await, 1);
        cache.forget(|_, value| *value == 1);
        assert_eq!(get(&cache, 3).await, 3);
    }

    #[tokio::test]
    async fn a_fact_during_a_fetch_wins() {
        let cache = Facts::new(10);
        let fetched: Result<u8, ()> = cache
            .get(1, async {
                cache.forget(|_, _| true);
                Ok(1)
            })
            .await;
        assert_eq!(fetched, Ok(1));
        assert_eq!(get(&cache, 2).await, 2);
    }

    #[tokio::test]
    async fn nothing_is_believed_while_the_feed_is_cut() {
        let cache = Facts::new(10);
        get(&cache, 1).await;
        cache.distrust();
        assert_eq!(get(&cache, 2).await, 2);
        assert_eq!(get(&cache, 3).await, 3);
        cache.trust();
        assert_eq!(get(&cache, 4).await, 4);
        assert_eq!(get(&cache, 5).await, 4);
    }
}
