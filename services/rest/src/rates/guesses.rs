//! How often an address may be wrong about credentials: counted by each process for itself, by minutes of the clock.
//!
//! Who was wrong too often is refused until the minute ends, whatever they show, so that guessing is slow. A credential that
//! this process has seen to be right within the last minute is not asked for again, and so goes on working for that long.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    extract::{ConnectInfo, Request, State as Shared},
    http::{HeaderMap, request::Parts},
    middleware::Next,
    response::Response,
};
use halley_edge::{KEPT, Standing, WINDOW_MS};
use halley_kit::{PublicError, time};
use halley_model::ErrorCode;
use moka::sync::Cache;

use super::Report;
use crate::{RestConfig, state::State};

/// Addresses that are remembered; past it the least used ones are forgotten.
const ADDRESSES_MAX: u64 = 100_000;

/// What says that a credential was wrong.
const WRONG: [ErrorCode; 4] = [
    ErrorCode::ApiKeyNotValid,
    ErrorCode::AuthTokenNotValid,
    ErrorCode::InvalidCredentials,
    ErrorCode::SessionNotValid,
];

/// Wrong credentials by address and minute.
pub struct Guesses {
    /// 0: any number.
    limit: u64,
    wrong: Cache<(IpAddr, i64), Arc<AtomicU64>>,
}

impl Guesses {
    /// Of nobody yet.
    pub fn new(limit: u64) -> Self {
        Self { limit, wrong: Cache::builder().max_capacity(ADDRESSES_MAX).time_to_live(KEPT).build() }
    }

    fn note(&self, address: IpAddr, now_ms: i64) {
        let counter = self.wrong.get_with((address, now_ms / WINDOW_MS), Arc::default);
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn is_over(&self, address: IpAddr, now_ms: i64) -> bool {
        let counter = self.wrong.get(&(address, now_ms / WINDOW_MS));
        self.limit != 0 && counter.is_some_and(|counter| counter.load(Ordering::Relaxed) >= self.limit)
    }

    /// Refuses to look at a credential from an address that was wrong too often.
    pub fn check(&self, config: &RestConfig, parts: &Parts) -> Result<(), PublicError> {
        let now = time::now_ms();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = peer.map(|peer| client(config, peer, &parts.headers));
        if !address.is_some_and(|address| self.is_over(address, now)) {
            return Ok(());
        }
        metrics::counter!("halley_rest_guesses_refused_total").increment(1);
        if let Some(report) = parts.extensions.get::<Report>() {
            report.0.get_or_init(|| Standing::refused(self.limit, now));
        }
        let text = "Too many wrong credentials came from this address: try again later.";
        Err(PublicError::new(ErrorCode::TooManyRequests, text))
    }
}

/// Counts the answers that say of a credential that it is wrong.
pub async fn counted(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = peer.map(|peer| client(&state.config, peer, request.headers()));
    let response = next.run(request).await;
    if let (Some(address), Some(code)) = (address, response.extensions().get::<ErrorCode>())
        && WRONG.contains(code)
    {
        state.guesses.note(address, time::now_ms());
    }
    response
}

/// Where a request comes from, as a name to count by; empty: it is not known.
pub fn network(config: &RestConfig, parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    peer.map(|peer| client(config, peer, &parts.headers).to_string()).unwrap_or_default()
}

/// Where a request comes from: the last forwarded address that is no proxy's, where the peer is a proxy. One in the same
/// private network is believed to be one: who calls from the internet has no such address. Of IPv6 the network of a
/// household, 64 bits.
fn client(config: &RestConfig, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_proxy = |address: IpAddr| config.is_trusted(address) || is_private(address);
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for given in chain.into_iter().rev() {
        if !is_proxy(client) {
            break;
        }
        let Ok(address) = given.parse() else { break };
        client = address;
    }
    match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let config = RestConfig { trusted_proxies: "203.0.113.1".into(), ..RestConfig::default() };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("a value"));
        }
        client(&config, address(peer), &headers).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_of_proxies_only() {
        assert_eq!(seen("198.51.100.7", &["192.0.2.1"]), "198.51.100.7", "anybody can write such a header");
        assert_eq!(seen("203.0.113.1", &["192.0.2.9, 192.0.2.1"]), "192.0.2.1", "the proxy wrote the last one");
        assert_eq!(seen("10.0.0.1", &["192.0.2.9", "192.0.2.1,10.0.0.2"]), "192.0.2.1", "two proxies");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["192.0.2.9, no address"]), "10.0.0.1");
        assert_eq!(seen("127.0.0.1", &["192.0.2.9"]), "192.0.2.9");
    }

    #[test]
    fn a_household_is_one_address() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:198.51.100.7", &[]), "198.51.100.7");
    }

    #[test]
    fn each_address_has_its_own_minute() {
        let guesses = Guesses::new(2);
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        guesses.note(one, 0);
        assert!(!guesses.is_over(one, 0));
        guesses.note(one, 59_999);
        assert!(guesses.is_over(one, 59_999) && !guesses.is_over(other, 59_999));
        assert!(!guesses.is_over(one, 60_000), "the next minute");
        let unlimited = Guesses::new(0);
        unlimited.note(one, 0);
        assert!(!unlimited.is_over(one, 0));
    }
}
