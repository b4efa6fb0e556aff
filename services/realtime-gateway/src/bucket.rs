//! A token bucket: so much at once, so much a second after that. Pure: time belongs to the caller.

use std::time::{Duration, Instant};

/// What may be spent.
#[derive(Debug, Clone)]
pub struct Bucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    filled_at: Option<Instant>,
}

impl Bucket {
    /// A full one.
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: burst.into(), per_second: per_second.into(), tokens: burst.into(), filled_at: None }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// Whether anything is left. What [`Bucket::spend`] took on credit must be paid back first.
    pub fn has_some(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens > 0.0
    }

    /// Whether nothing is missing.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.burst
    }

    /// Takes as many as something cost, on credit if need be.
    pub fn spend(&mut self, cost: usize) {
        self.tokens -= cost as f64;
    }

    fn fill(&mut self, now: Instant) {
        let passed = self.filled_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.filled_at = Some(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate_holds() {
        let now = Instant::now();
        let mut bucket = Bucket::new(3, 2);
        assert_eq!((0..5).filter(|_| bucket.take(now)).count(), 3);
        assert!(!bucket.take(now + Duration::from_millis(400)));
        assert!(bucket.take(now + Duration::from_millis(600)));
        let later = now + Duration::from_secs(3600);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 3, "no more than a burst is saved up");
    }

    #[test]
    fn what_was_taken_on_credit_is_paid_back_first() {
        let now = Instant::now();
        let mut bucket = Bucket::new(10, 10);
        assert!(bucket.has_some(now));
        bucket.spend(30);
        assert!(!bucket.has_some(now + Duration::from_millis(1900)));
        assert!(bucket.has_some(now + Duration::from_millis(2100)));
    }
}
