//! A bounded cache of what other services know, which an invalidation always wins: what was asked before it came is not
//! kept after it.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Facts without an event of their own (when a user was last active) are not older than this.
const LONGEST: Duration = Duration::from_secs(600);
/// Keys share this many generation counters: an invalidation spoils the fills under way of 1/64 of all keys.
const SHARDS: usize = 64;

/// Facts by key.
pub struct FactCache<V> {
    name: &'static str,
    entries: moka::sync::Cache<String, V>,
    /// How often something of the shard was dropped. Held while an entry is put or dropped.
    generations: Vec<Mutex<u64>>,
    hasher: RandomState,
}

/// A question under way.
pub struct Ticket {
    key: String,
    generation: u64,
}

/// A key of an app's thing. Ids hold no colon.
pub fn key(app_id: &str, ids: &[&str]) -> String {
    let mut key = String::with_capacity(app_id.len() + ids.iter().map(|id| id.len() + 1).sum::<usize>());
    key.push_str(app_id);
    for id in ids {
        key.push(':');
        key.push_str(id);
    }
    key
}

impl<V: Clone + Send + Sync + 'static> FactCache<V> {
    /// Empty, for at most so many entries.
    pub fn new(name: &'static str, capacity: u64) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .time_to_live(LONGEST)
            .support_invalidation_closures()
            .build();
        let generations = (0..SHARDS).map(|_| Mutex::new(0)).collect();
        Self { name, entries, generations, hasher: RandomState::new() }
    }

    /// What is known, if it may be believed.
    pub fn get(&self, key: &str, open: bool) -> Option<V> {
        let found = if open { self.entries.get(key) } else { None };
        if found.is_none() {
            metrics::counter!("halley_fact_cache_misses_total", "of" => self.name).increment(1);
        }
        found
    }

    /// Call before asking.
    pub fn begin(&self, key: String) -> Ticket {
        let generation = *self.shard(&key);
        Ticket { key, generation }
    }

    /// Keeps the answer, unless the fact was dropped since the question, or nothing may be kept.
    pub fn put(&self, ticket: &Ticket, value: V, open: impl FnOnce() -> bool) {
        let generation = self.shard(&ticket.key);
        if *generation == ticket.generation && open() {
            self.entries.insert(ticket.key.clone(), value);
        }
    }

    /// Drops one fact.
    pub fn forget(&self, key: &str) {
        let mut generation = self.shard(key);
        *generation += 1;
        self.entries.invalidate(key);
    }

    /// Drops the facts whose key fits.
    pub fn forget_if(&self, fits: impl Fn(&str) -> bool + Send + Sync + 'static) {
        let _shards = self.advance_all();
        if let Err(error) = self.entries.invalidate_entries_if(move |key, _| fits(key)) {
            tracing::error!(%error, "facts are dropped one and all");
            self.entries.invalidate_all();
        }
    }

    /// Drops everything.
    pub fn forget_all(&self) {
        let _shards = self.advance_all();
        self.entries.invalidate_all();
    }

    fn advance_all(&self) -> Vec<MutexGuard<'_, u64>> {
        self.generations
            .iter()
            .map(|shard| {
                let mut generation = shard.lock().unwrap_or_else(PoisonError::into_inner);
                *generation += 1;
                generation
            })
            .collect()
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, u64> {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.generations[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> FactCache<i32> {
        FactCache::new("test", 100)
    }

    fn fill(cache: &FactCache<i32>, key: &str, value: i32) {
        cache.put(&cache.begin(key.to_owned()), value, || true);
    }

    #[test]
    fn an_answer_is_kept_and_dropped() {
        let cache = cache();
        fill(&cache, "a:x", 1);
        assert_eq!(cache.get("a:x", true), Some(1));
        assert_eq!(cache.get("a:x", false), None);
        cache.forget("a:x");
        assert_eq!(cache.get("a:x", true), None);
    }

    #[test]
    fn an_invalidation_beats_a_question_under_way() {
        let cache = cache();
        for drop_it in [
            (|cache: &FactCache<i32>| cache.forget("a:x")) as fn(&FactCache<i32>),
            |cache| cache.forget_if(|key| key == "a:x"),
            FactCache::forget_all,
        ] {
            let ticket = cache.begin("a:x".to_owned());
            drop_it(&cache);
            cache.put(&ticket, 1, || true);
            assert_eq!(cache.get("a:x", true), None);
        }
    }

    #[test]
    fn nothing_is_kept_while_the_feed_is_cut() {
        let cache = cache();
        cache.put(&cache.begin("a:x".to_owned()), 1, || false);
        assert_eq!(cache.get("a:x", true), None);
    }

    #[test]
    fn facts_are_dropped_by_what_their_key_says() {
        let cache = cache();
        fill(&cache, "a:room:ann", 1);
        fill(&cache, "a:hall:ann", 2);
        cache.forget_if(|key| key.starts_with("a:room:"));
        assert_eq!(cache.get("a:room:ann", true), None);
        assert_eq!(cache.get("a:hall:ann", true), Some(2));
        fill(&cache, "a:room:ann", 3);
        assert_eq!(cache.get("a:room:ann", true), Some(3), "what is learned afterwards stays");
    }
}
