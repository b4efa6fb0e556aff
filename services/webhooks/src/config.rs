//! The settings of this service.

use halley_kit::config::Validate;
use serde::Deserialize;

/// The section `[webhooks]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Also call plain HTTP, and addresses of the own network: for tests and closed networks. Whoever may set a webhook
    /// reaches with it whatever this process reaches.
    pub allow_internal: bool,
    /// Milliseconds that a call may take, from the look-up of the name to the end of the answer.
    pub timeout_ms: u32,
    /// Milliseconds from a first failure to the second call, where a webhook wants that.
    pub first_retry_ms: u32,
    /// The same from the second failure to the third and last call.
    pub second_retry_ms: u32,
    /// Calls at once of a process.
    pub calls: u32,
    /// Calls at once to one webhook. With 1 events arrive in their order, unless one has to be sent again.
    pub calls_per_webhook: u32,
    /// Deliveries that may wait for one webhook; past it the oldest are given up.
    pub waiting_max: u32,
    /// Days for which deliveries are kept.
    pub keep_days: u32,
    /// Deliveries that are kept of an app; past it the oldest go before their time.
    pub kept_per_app: u32,
    /// Apps whose webhooks are kept in memory.
    pub apps_cached: u64,
    /// Milliseconds after which a sender looks for what another process left to be sent.
    pub poll_ms: u32,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            allow_internal: false,
            timeout_ms: 2000,
            first_retry_ms: 10_000,
            second_retry_ms: 30_000,
            calls: 64,
            calls_per_webhook: 4,
            waiting_max: 10_000,
            keep_days: 7,
            kept_per_app: 100_000,
            apps_cached: 10_000,
            poll_ms: 500,
        }
    }
}

impl Validate for WebhooksConfig {
    fn faults(&self) -> Vec<String> {
        let bounds = [
            ("timeout_ms", self.timeout_ms, 1..=10_000),
            ("first_retry_ms", self.first_retry_ms, 1..=86_400_000),
            ("second_retry_ms", self.second_retry_ms, 1..=86_400_000),
            ("calls", self.calls, 1..=1000),
            ("calls_per_webhook", self.calls_per_webhook, 1..=100),
            ("waiting_max", self.waiting_max, 1..=1_000_000),
            ("keep_days", self.keep_days, 1..=365),
            ("kept_per_app", self.kept_per_app, 1..=100_000_000),
            ("poll_ms", self.poll_ms, 10..=60_000),
        ];
        let wrong = bounds.into_iter().filter(|(_, value, bounds)| !bounds.contains(value));
        wrong.map(|(key, _, b)| format!("webhooks.{key}: must be {} to {}", b.start(), b.end())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fine_and_each_bound_is_told() {
        assert!(WebhooksConfig::default().faults().is_empty());
        let wrong = WebhooksConfig { timeout_ms: 0, keep_days: 1000, ..Default::default() };
        assert_eq!(wrong.faults(), ["webhooks.timeout_ms: must be 1 to 10000", "webhooks.keep_days: must be 1 to 365"]);
    }
}
