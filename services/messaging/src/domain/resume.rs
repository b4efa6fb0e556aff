//! The token that a client resumes from: a moment of the database, as the database itself knows it.

use std::fmt;

/// How old a token may be, in milliseconds: a week. Whoever was away longer has more to fetch than to be told.
const AGE_MAX_MS: i64 = 7 * 24 * 3600 * 1000;
/// Longest token that is read: a snapshot with some hundred open transactions.
const TOKEN_MAX: usize = 8192;
/// The form of the text.
const VERSION: &str = "r1";

/// A moment: what was committed before it is known to who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The database cluster, by its system identifier: another one counts its transactions anew.
    pub cluster: String,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The text of a `pg_snapshot`: the first transaction that was not over, the first that had not begun, and which of
    /// those between were not over.
    pub snapshot: String,
}

impl Moment {
    /// Reads a token. `None`: it is none of ours.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        if token.len() > TOKEN_MAX {
            return None;
        }
        let mut parts = token.split('.');
        let (version, cluster, at_ms, snapshot) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if parts.next().is_some() || version != VERSION || !is_number(cluster) || !is_snapshot(snapshot) {
            return None;
        }
        Some(Self { cluster: cluster.to_owned(), at_ms: at_ms.parse().ok()?, snapshot: snapshot.to_owned() })
    }

    /// Whether what came after it can be told in the moment `now`.
    pub(crate) fn is_before(&self, now: &Self) -> bool {
        let Some(age) = now.at_ms.checked_sub(self.at_ms) else { return false };
        let next = |moment: &Self| bounds(&moment.snapshot).map(|(_, next)| next);
        self.cluster == now.cluster && (0..=AGE_MAX_MS).contains(&age) && next(self) <= next(now)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{VERSION}.{}.{}.{}", self.cluster, self.at_ms, self.snapshot)
    }
}

/// The first transaction that was not over, and the first that had not begun.
fn bounds(snapshot: &str) -> Option<(u64, u64)> {
    let mut parts = snapshot.split(':');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether the database takes it: transactions ascend and lie within the bounds.
fn is_snapshot(text: &str) -> bool {
    let Some((first, next)) = bounds(text) else { return false };
    let Some(open) = text.split(':').nth(2) else { return false };
    if first == 0 || next < first || text.split(':').count() != 3 || text.contains('+') {
        return false;
    }
    let mut before = None;
    open.is_empty()
        || open.split(',').all(|id| {
            let Ok(id) = id.parse::<u64>() else { return false };
            let ascends = before.is_none_or(|before| id > before);
            before = Some(id);
            ascends && (first..next).contains(&id)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(snapshot: &str, at_ms: i64) -> Moment {
        Moment { cluster: "7".to_owned(), at_ms, snapshot: snapshot.to_owned() }
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let written = moment("10:20:10,14", 1000);
        assert_eq!(Moment::parse(&written.to_string()), Some(written));
        assert!(Moment::parse("r1.7.1000.10:10:").is_some());
    }

    #[test]
    fn what_the_database_would_refuse_is_no_token() {
        for bad in [
            "",
            "r1",
            "r2.7.1.10:20:",
            "r1.x.1.10:20:",
            "r1.7.x.10:20:",
            "r1.7.1.10:20",
            "r1.7.1.20:10:",
            "r1.7.1.0:10:",
            "r1.7.1.10:20:9",
            "r1.7.1.10:20:20",
            "r1.7.1.10:20:14,12",
            "r1.7.1.10:20:14,14",
            "r1.7.1.10:20:,",
            "r1.7.1.10:20:.1",
            "r1.7.1.+10:20:",
            "r1.7.1.10:20::",
            "r1.7.1.10:20: ",
            "r1.7.1.10:20:'",
        ] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
        assert_eq!(Moment::parse(&format!("r1.7.1.10:99999:{}", "11,".repeat(5000))), None);
    }

    #[test]
    fn old_foreign_and_later_moments_are_of_no_use() {
        let now = moment("10:20:", AGE_MAX_MS);
        assert!(moment("5:9:", 0).is_before(&now));
        assert!(now.is_before(&now));
        assert!(!moment("5:9:", -1).is_before(&now) && !moment("5:9:", i64::MIN).is_before(&now), "too old");
        assert!(!moment("5:9:", AGE_MAX_MS + 1).is_before(&now), "of a later time");
        assert!(!moment("10:21:", 0).is_before(&now), "of a later transaction");
        assert!(!Moment { cluster: "8".to_owned(), ..moment("5:9:", 0) }.is_before(&now), "of another database");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(token in "(r1\\.)?[0-9]{0,3}\\.?-?[0-9]{0,3}\\.?[0-9:,+]{0,20}") {
            if let Some(moment) = Moment::parse(&token) {
                prop_assert!(Moment::parse(&moment.to_string()).is_some());
            }
        }
    }
}
