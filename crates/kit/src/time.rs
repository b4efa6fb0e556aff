//! Times as contracts carry them: Unix milliseconds, 0 for "never".

use chrono::{DateTime, SecondsFormat, Utc};

/// Now, to the millisecond: what is stored is what is answered.
pub fn now() -> DateTime<Utc> {
    from_ms(Utc::now().timestamp_millis()).unwrap_or_default()
}

/// Now in Unix milliseconds.
pub fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// A stored time as Unix milliseconds.
pub fn to_ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A stored time that may be absent; absent is 0.
pub fn opt_to_ms(at: Option<DateTime<Utc>>) -> i64 {
    at.map_or(0, to_ms)
}

/// A time as text, for the few places where documents show it so: `2026-01-31T09:30:00.000Z`.
pub fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Unix milliseconds as a time; `None` for 0, negative numbers and what lies past the year 9999.
pub fn from_ms(ms: i64) -> Option<DateTime<Utc>> {
    const YEAR_10000_MS: i64 = 253_402_300_800_000;
    if !(1..YEAR_10000_MS).contains(&ms) {
        return None;
    }
    DateTime::from_timestamp_millis(ms)
}
