//! How often an app, a key and a user may call: windows of a minute of the clock, shared by all processes through Redis.
//!
//! A process draws a share of a window's requests by one addition in Redis (one in a hundred of the limit, at least one) and
//! spends it by itself. So most requests ask nobody, all that a request needs is asked by one pipeline, and the limit is
//! never passed; what a process draws and does not spend, at most a hundredth of the limit each, is lost to the minute.
//! While Redis is away, requests are served and not counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use halley_bus::Bus;
use halley_contracts::common::v1::caller::Principal;
use halley_kit::{Caller, time};
use halley_model::{AppSettings, Limit};
use moka::sync::Cache;

/// A window, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;
/// How long Redis keeps a window's counter: clocks of processes may be apart.
pub const KEPT: Duration = Duration::from_secs(120);
/// Windows of apps, keys and users that are remembered.
const WINDOWS_CACHED: u64 = 100_000;
/// How long a request waits for Redis.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long Redis is left alone after it did not answer.
const PAUSE_MS: i64 = 1000;

/// What the documents count apart from the rest: connecting, making and deleting users, making and joining groups.
const CORE: [(&str, &str); 6] = [
    ("PUT", "/me"),
    ("POST", "/users"),
    ("DELETE", "/users"),
    ("DELETE", "/users/{uid}"),
    ("POST", "/groups"),
    ("POST", "/groups/{guid}/members"),
];

/// The limits of apps that have none of their own, in calls a minute; 0: any number.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateDefaults {
    /// Logins, users made and deleted, groups made and joined.
    pub core: u64,
    /// All other calls of an app.
    pub standard: u64,
    /// Import calls of an app.
    pub import: u64,
    /// Calls with one API key.
    pub per_key: u64,
    /// Calls of one logged-in user.
    pub per_user: u64,
}

/// How the limit that is nearest to a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Calls in a window.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// Seconds until the window ends, of a call that is refused.
    pub retry_after: Option<i64>,
    /// When the window ends, in seconds.
    pub resets_at: i64,
}

impl Standing {
    /// Of a call that is past a limit, at a time in milliseconds.
    pub fn refused(limit: u64, now_ms: i64) -> Self {
        let resets_at = resets_at(now_ms);
        let retry_after = Some((resets_at - now_ms / 1000).max(1));
        Self { limit, remaining: 0, retry_after, resets_at }
    }

    /// Whether the call is refused.
    pub fn is_refused(&self) -> bool {
        self.retry_after.is_some()
    }
}

/// One limit that a request has to keep to: the name of its counter, and how much it may reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ask {
    counter: String,
    limit: u64,
}

/// The windows that this process knows.
pub struct Rates {
    bus: Bus,
    defaults: RateDefaults,
    windows: Cache<Ask, Arc<Window>>,
    /// Until when Redis is left alone.
    away_until_ms: AtomicI64,
    told: AtomicBool,
}

/// What this process holds of a window.
#[derive(Default)]
struct Window {
    /// Requests that were drawn and not spent.
    left: AtomicI64,
    /// What all processes have drawn, as far as is known.
    drawn: AtomicU64,
    /// Nothing is left to draw.
    spent: AtomicBool,
    /// Somebody is drawing a share: others draw one each meanwhile.
    drawing: AtomicBool,
}

impl Window {
    fn take(&self) -> bool {
        let spend = |left: i64| (left > 0).then(|| left - 1);
        self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, spend).is_ok()
    }

    /// Puts in what a draw of `share` gave, less the one that it was drawn for; false when it gave none.
    fn put(&self, share: u64, drawn: u64, limit: u64) -> bool {
        let granted = share.saturating_sub(drawn.saturating_sub(limit));
        self.drawn.fetch_max(drawn.min(limit), Ordering::AcqRel);
        if drawn >= limit {
            self.spent.store(true, Ordering::Release);
        }
        if granted == 0 {
            return false;
        }
        self.left.fetch_add(i64::try_from(granted - 1).unwrap_or(i64::MAX), Ordering::AcqRel);
        true
    }

    fn remaining(&self, limit: u64) -> u64 {
        let left = u64::try_from(self.left.load(Ordering::Acquire)).unwrap_or(0);
        limit.saturating_sub(self.drawn.load(Ordering::Acquire)).saturating_add(left)
    }
}

/// How many requests are drawn at once.
fn share(limit: u64) -> u64 {
    (limit / 100).clamp(1, 100)
}

/// A window that is being drawn from.
struct Draw {
    window: Arc<Window>,
    ask: Ask,
    share: u64,
    /// Whether the mark of drawing is this one's.
    is_marked: bool,
}

impl Drop for Draw {
    fn drop(&mut self) {
        if self.is_marked {
            self.window.drawing.store(false, Ordering::Release);
        }
    }
}

impl Rates {
    /// With no window open.
    pub fn new(bus: Bus, defaults: RateDefaults) -> Self {
        let windows = Cache::builder().max_capacity(WINDOWS_CACHED).time_to_live(KEPT).build();
        Self { bus, defaults, windows, away_until_ms: AtomicI64::new(0), told: AtomicBool::new(false) }
    }

    /// Counts a call, its path as the router spells it from behind the version. `None`: nothing limits it.
    pub async fn count(&self, settings: &AppSettings, caller: &Caller, method: &str, path: &str) -> Option<Standing> {
        let now = time::now_ms();
        let asks = asks(&self.defaults, settings, caller, method, path, now / WINDOW_MS);
        if asks.is_empty() { None } else { Some(self.pass(asks, now).await) }
    }

    async fn pass(&self, asks: Vec<Ask>, now: i64) -> Standing {
        let mut taken: Vec<(Arc<Window>, Ask)> = Vec::with_capacity(asks.len());
        let mut draws: Vec<Draw> = Vec::new();
        for ask in asks {
            let window = self.windows.get_with(ask.clone(), Arc::default);
            if window.take() {
                taken.push((window, ask));
            } else if window.spent.load(Ordering::Acquire) {
                give_back(&taken);
                return Standing::refused(ask.limit, now);
            } else {
                let is_marked = !window.drawing.swap(true, Ordering::AcqRel);
                let share = if is_marked { share(ask.limit) } else { 1 };
                draws.push(Draw { window, ask, share, is_marked });
            }
        }
        if let Some(refused) = self.draw(&draws, &mut taken, now).await {
            give_back(&taken);
            return Standing::refused(refused.limit, now);
        }
        let all = taken.iter().map(|(window, ask)| (window, ask)).chain(draws.iter().map(|d| (&d.window, &d.ask)));
        let nearest = all.map(|(window, ask)| (window.remaining(ask.limit), ask.limit)).min();
        let (remaining, limit) = nearest.unwrap_or_default();
        Standing { limit, remaining, retry_after: None, resets_at: resets_at(now) }
    }

    /// Draws from windows; answers one that is spent.
    async fn draw(&self, draws: &[Draw], taken: &mut Vec<(Arc<Window>, Ask)>, now: i64) -> Option<Ask> {
        if draws.is_empty() || now < self.away_until_ms.load(Ordering::Acquire) {
            return None;
        }
        let additions: Vec<(String, u64)> = draws.iter().map(|draw| (draw.ask.counter.clone(), draw.share)).collect();
        let counts = match self.bus.count(&additions, KEPT, PATIENCE).await {
            Ok(counts) => counts,
            Err(error) => {
                self.away_until_ms.store(now + PAUSE_MS, Ordering::Release);
                if !self.told.swap(true, Ordering::AcqRel) {
                    tracing::warn!(%error, "rate limits can't be counted; requests are served");
                }
                return None;
            }
        };
        if self.told.swap(false, Ordering::AcqRel) {
            tracing::info!("rate limits are counted again");
        }
        let mut refused = None;
        for (draw, drawn) in draws.iter().zip(counts) {
            match draw.window.put(draw.share, drawn, draw.ask.limit) {
                true => taken.push((Arc::clone(&draw.window), draw.ask.clone())),
                false => refused = Some(draw.ask.clone()),
            }
        }
        refused
    }
}

/// A refused request has spent nothing of its other limits.
fn give_back(taken: &[(Arc<Window>, Ask)]) {
    for (window, _) in taken {
        window.left.fetch_add(1, Ordering::AcqRel);
    }
}

/// When the window of a time ends, in seconds.
fn resets_at(now_ms: i64) -> i64 {
    (now_ms / WINDOW_MS + 1) * WINDOW_MS / 1000
}

/// The limits of a request. The app's setting wins over the server's; 0 is none.
fn asks(
    defaults: &RateDefaults,
    settings: &AppSettings,
    caller: &Caller,
    method: &str,
    path: &str,
    minute: i64,
) -> Vec<Ask> {
    let app_id = caller.app_id();
    let (word, limit, default) = match path {
        path if path.starts_with("/data_import/") => ("import", Limit::ImportRate, defaults.import),
        path if CORE.iter().any(|(core, at)| *core == method && *at == path) => {
            ("core", Limit::CoreRate, defaults.core)
        }
        _ => ("standard", Limit::StandardRate, defaults.standard),
    };
    let own = match caller.principal() {
        Principal::ApiKey(key) => Some((format!("key:{}", key.key_id), Limit::KeyRate, defaults.per_key)),
        Principal::User(user) => Some((format!("user:{}", user.uid), Limit::UserRate, defaults.per_user)),
        Principal::System(_) => None,
    };
    [Some((word.to_owned(), limit, default)), own]
        .into_iter()
        .flatten()
        .filter_map(|(word, limit, default)| match settings.given(limit).unwrap_or(default) {
            0 => None,
            // The braces keep an app's counters together where Redis is a cluster.
            limit => Some(Ask { counter: format!("halley:rate:{{{app_id}}}:{word}:{minute}"), limit }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use halley_bus::BusConfig;
    use halley_contracts::common::v1::{ApiKeyPrincipal, UserPrincipal};
    use halley_testkit::unique;

    use super::*;

    async fn rates(url: &str) -> Rates {
        let bus = Bus::connect(&BusConfig { url: url.to_owned().into(), stream_max_len: 1000 }).await.expect("Redis");
        Rates::new(bus, RateDefaults::default())
    }

    fn ask(limit: u64) -> Ask {
        Ask { counter: unique("rate"), limit }
    }

    #[tokio::test]
    async fn two_processes_share_a_window_and_never_pass_it() {
        let url = halley_testkit::redis_url().await;
        let (one, other) = (rates(&url).await, rates(&url).await);
        for limit in [3, 60, 1000] {
            let ask = ask(limit);
            let mut allowed = 0;
            for _ in 0..limit {
                for rates in [&one, &other] {
                    allowed += u64::from(!rates.pass(vec![ask.clone()], 0).await.is_refused());
                }
            }
            assert!(allowed <= limit, "{allowed} of {limit}");
            assert_eq!(allowed, limit, "nothing is lost while both go on");
            let standing = one.pass(vec![ask.clone()], 1500).await;
            assert!(standing.is_refused());
            assert_eq!((standing.limit, standing.remaining), (limit, 0));
            assert_eq!((standing.retry_after, standing.resets_at), (Some(59), 60));
        }
    }

    #[tokio::test]
    async fn many_at_once_do_not_pass_it_either() {
        let rates = Arc::new(rates(&halley_testkit::redis_url().await).await);
        let ask = ask(50);
        let all = (0..200).map(|_| {
            let (rates, ask) = (Arc::clone(&rates), ask.clone());
            tokio::spawn(async move { !rates.pass(vec![ask], 0).await.is_refused() })
        });
        let mut allowed = 0;
        for one in all.collect::<Vec<_>>() {
            allowed += u64::from(one.await.expect("no panic"));
        }
        assert_eq!(allowed, 50);
    }

    #[tokio::test]
    async fn what_is_left_counts_down_and_a_refusal_costs_the_other_limit_nothing() {
        let rates = rates(&halley_testkit::redis_url().await).await;
        let (app, user) = (ask(10), ask(1));
        let both = || vec![app.clone(), user.clone()];
        let standing = rates.pass(both(), 0).await;
        assert!(!standing.is_refused());
        assert_eq!((standing.limit, standing.remaining), (1, 0), "the nearest limit is told");
        for _ in 0..20 {
            assert!(rates.pass(both(), 0).await.is_refused());
        }
        let standing = rates.pass(vec![app.clone()], 0).await;
        assert!(!standing.is_refused());
        assert_eq!((standing.limit, standing.remaining), (10, 8));
    }

    #[test]
    fn each_request_has_its_apps_limit_and_its_own() {
        let defaults = RateDefaults { core: 5, standard: 6, import: 7, ..RateDefaults::default() };
        let key = Caller::api_key("app", ApiKeyPrincipal { key_id: "k".into(), ..Default::default() });
        let user = Caller::user("app", UserPrincipal { uid: "ann".into(), ..Default::default() });
        let own = AppSettings::default().with_limit(Limit::UserRate, 3).with_limit(Limit::StandardRate, 0);
        let read = |settings: &AppSettings, caller: &Caller, method: &str, path: &str| -> Vec<(String, u64)> {
            let asks = asks(&defaults, settings, caller, method, path, 9);
            asks.into_iter().map(|ask| (ask.counter, ask.limit)).collect()
        };
        let none = AppSettings::default();
        let counter = |word: &str| format!("halley:rate:{{app}}:{word}:9");
        assert_eq!(read(&none, &key, "POST", "/users"), [(counter("core"), 5)]);
        assert_eq!(read(&none, &key, "GET", "/users"), [(counter("standard"), 6)]);
        assert_eq!(read(&none, &key, "POST", "/data_import/users"), [(counter("import"), 7)]);
        assert_eq!(read(&own, &user, "GET", "/users"), [(counter("user:ann"), 3)], "0 is none");
        assert_eq!(read(&own, &user, "PUT", "/me"), [(counter("core"), 5), (counter("user:ann"), 3)]);
    }

    #[test]
    fn a_draw_past_the_end_gives_what_is_left() {
        let window = Window::default();
        assert!(window.put(10, 95, 100));
        assert_eq!(window.remaining(100), 14);
        assert!(window.put(10, 105, 100), "five of the ten");
        assert_eq!(window.left.load(Ordering::Acquire), 13);
        assert!(!window.put(10, 115, 100));
        assert!(window.spent.load(Ordering::Acquire));
    }
}
