//! What an app may set for itself: limits and features, with their names, defaults and meanings. The one table of them.
//!
//! A limit that protects the server has the documented value as its default. What is only a wall (members of a group,
//! requests a minute) is off. Limits of format (lengths of names, ids and texts) are no settings: see [`crate::limits`].

use serde_json::{Map, Value};

use crate::{ErrorCode, FieldError};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Requests within a minute of the clock.
    PerMinute,
}

impl Unit {
    /// As documents name it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "things",
            Self::Bytes => "bytes",
            Self::PerMinute => "requests a minute",
        }
    }
}

macro_rules! limits {
    ($($variant:ident $key:literal $default:literal $ceiling:literal $unit:ident $code:expr, $meaning:literal;)*) => {
        /// A limit of an app.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Limit {
            $(#[doc = $meaning] $variant,)*
        }

        impl Limit {
            /// Every limit, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The key by which it is set.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// Its value where nothing is set; 0 is none.
            pub const fn default(self) -> u64 {
                match self { $(Self::$variant => $default),* }
            }

            /// The most that it can be set to, because more would hurt the server; 0: there is no such bound.
            pub const fn ceiling(self) -> u64 {
                match self { $(Self::$variant => $ceiling),* }
            }

            /// What it counts.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit),* }
            }

            /// What is answered past it; none where the oldest thing makes room.
            pub const fn code(self) -> Option<ErrorCode> {
                match self { $(Self::$variant => $code),* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

// Name, key, default, ceiling, unit, code, meaning.
limits! {
    ApiKeys "limits.apiKeys" 25 1000 Count Some(ErrorCode::QuotaRestriction), "Most API keys.";
    Roles "limits.roles" 25 1000 Count Some(ErrorCode::QuotaRestriction), "Most roles.";
    Webhooks "limits.webhooks" 25 1000 Count Some(ErrorCode::QuotaRestriction), "Most webhooks.";
    Collaborators "limits.collaborators" 25 1000 Count Some(ErrorCode::QuotaRestriction), "Most collaborators.";
    AuthTokens "limits.users.authTokens" 100 1000 Count None, "Auth tokens of a user that stay valid, the newest.";
    PushTokens "limits.users.pushTokens" 100 1000 Count None, "Push tokens of a user that stay registered, the newest.";
    Friends "limits.users.friends" 1000 0 Count Some(ErrorCode::FailedToAddFriend), "Most friends of a user.";
    FriendsPerCall "limits.users.friendsPerCall" 25 1000 Count Some(ErrorCode::BadRequest), "Most uids in a call that adds friends.";
    GroupsOfUser "limits.users.groups" 0 0 Count Some(ErrorCode::QuotaRestriction), "Most groups that a user is in; an import passes it.";
    SavedMessages "limits.users.savedMessages" 100 0 Count Some(ErrorCode::SavedMessagesLimit), "Most messages that a user saves.";
    Members "limits.groups.members" 0 0 Count Some(ErrorCode::NoVacancy), "Most members of a group.";
    MembersPerCall "limits.groups.membersPerCall" 25 1000 Count Some(ErrorCode::BadRequest), "Most uids in a call that adds members, all lists together.";
    ReceiptsByAll "limits.groups.receiptsByAll" 300 1000 Count None, "Most members of a group where senders are told of every member's receipts, and of what all received and read.";
    PinnedMessages "limits.conversations.pinnedMessages" 100 0 Count Some(ErrorCode::PinnedMessagesLimit), "Most pinned messages of a conversation.";
    Tags "limits.tags" 25 25 Count Some(ErrorCode::BadRequest), "Most tags of a user, a group, a message or a conversation; an import passes it.";
    Mentions "limits.messages.mentions" 10 100 Count Some(ErrorCode::InvalidMessageText), "Most different users whom a message mentions.";
    MessageBytes "limits.messages.bytes" 65_536 65_536 Bytes Some(ErrorCode::InvalidMessageData), "Largest data of a message, as JSON.";
    FileBytes "limits.files.bytes" 0 0 Bytes Some(ErrorCode::FileSizeExceeded), "Largest file; without it, the server's own limit (`rest.media_max_bytes`, 100 MiB) holds alone.";
    UserFileBytes "limits.files.bytesPerUserAndDay" 0 0 Bytes Some(ErrorCode::QuotaRestriction), "Most bytes of files that a user uploads on a day (UTC).";
    Reactions "limits.messages.reactions" 25 0 Count Some(ErrorCode::BadRequest), "Most different reactions to a message.";
    ImportEntities "limits.import.entities" 50 1000 Count Some(ErrorCode::BadRequest), "Most entities of an import request.";
    CoreRate "limits.rates.core" 0 0 PerMinute Some(ErrorCode::TooManyRequests), "Logins, users made and deleted, groups made and joined.";
    StandardRate "limits.rates.standard" 0 0 PerMinute Some(ErrorCode::TooManyRequests), "All other requests of the app.";
    ImportRate "limits.rates.import" 0 0 PerMinute Some(ErrorCode::TooManyRequests), "Import requests.";
    KeyRate "limits.rates.perKey" 0 0 PerMinute Some(ErrorCode::TooManyRequests), "Requests with one API key.";
    UserRate "limits.rates.perUser" 0 0 PerMinute Some(ErrorCode::TooManyRequests), "Requests of one logged-in user.";
}

macro_rules! features {
    ($($variant:ident $key:literal $default:literal $meaning:literal;)*) => {
        /// Something of an app that is on or off.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Feature {
            $(#[doc = $meaning] $variant,)*
        }

        impl Feature {
            /// Every feature, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The key by which it is set.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// Whether it is on where nothing is set.
            pub const fn default(self) -> bool {
                match self { $(Self::$variant => $default),* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

features! {
    UpdateOnGroupActions "core.conversations.updateOnGroupActions" true "A change of a group's members becomes the last message.";
    UpdateOnReplies "core.conversations.updateOnReplies" true "A reply in a thread becomes the last message.";
    UpdateOnMessageActions "core.conversations.updateOnMessageActions" false "An edit or a deletion becomes the last message.";
    UpdateOnCallActivity "core.conversations.updateOnCallActivity" false "A call becomes the last message.";
    UpdateOnCustomMessage "core.conversations.updateOnCustomMessage" true "A custom message becomes the last message, and counts as unread if it asks to.";
    ThreadsOnMessageActions "core.threads.updateOnMessageActions" false "Kept for clients; nothing reads it.";
    PushEnabled "core.notifications.push.enabled" false "Kept for clients; nothing reads it.";
    PushAccessible "core.notifications.push.accessible" false "Kept for clients; nothing reads it.";
    PushAdvanced "core.notifications.push.advanced.enabled" false "Kept for clients; nothing reads it.";
}

/// Which signals (what sockets say to each other and nobody stores) an app's clients send. Clients are told of it as
/// `MODE`, and keep to it; the socket's edge holds it, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignalMode {
    /// All.
    #[default]
    Default,
    /// No typing.
    LimitedTransient,
    /// Neither typing nor transient messages.
    NoTransient,
}

impl SignalMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Default, Self::LimitedTransient, Self::NoTransient];

    /// As clients are told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::LimitedTransient => "LIMITED_TRANSIENT",
            Self::NoTransient => "NO_TRANSIENT",
        }
    }

    /// Whether typing is passed on.
    pub const fn has_typing(self) -> bool {
        matches!(self, Self::Default)
    }

    /// Whether transient messages are passed on.
    pub const fn has_transient(self) -> bool {
        !matches!(self, Self::NoTransient)
    }

    fn parse(value: &Value) -> Option<Self> {
        let word = value.as_str()?;
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// The setting that is one word of [`SignalMode`].
const MODE: &str = "core.mode";
/// A setting that is a list of words; kept for clients.
const PUSH_INCLUDED: &str = "core.notifications.push.advanced.included";
const PUSH_INCLUDED_DEFAULT: [&str; 3] = ["preferences", "templates", "providers.multiple"];
/// Longest list of words, and longest word.
const WORDS_MAX: usize = 25;
const WORD_MAX: usize = 100;

/// An app's settings, as far as they differ from the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppSettings {
    limits: Vec<(Limit, u64)>,
    features: Vec<(Feature, bool)>,
    mode: SignalMode,
}

impl AppSettings {
    /// Reads what is stored. What can't be read there counts as not set: it was checked when it was stored.
    pub fn parse(json: &str) -> Self {
        let Ok(map) = serde_json::from_str::<Map<String, Value>>(json) else { return Self::default() };
        let number = |limit: &Limit| Some((*limit, map.get(limit.key())?.as_u64()?));
        let flag = |feature: &Feature| Some((*feature, map.get(feature.key())?.as_bool()?));
        Self {
            limits: Limit::ALL.iter().filter_map(number).collect(),
            features: Feature::ALL.iter().filter_map(flag).collect(),
            mode: map.get(MODE).and_then(SignalMode::parse).unwrap_or_default(),
        }
    }

    /// With one more limit set.
    #[must_use]
    pub fn with_limit(mut self, limit: Limit, value: u64) -> Self {
        self.limits.retain(|(other, _)| *other != limit);
        self.limits.push((limit, value));
        self
    }

    /// With one more feature set.
    #[must_use]
    pub fn with_feature(mut self, feature: Feature, on: bool) -> Self {
        self.features.retain(|(other, _)| *other != feature);
        self.features.push((feature, on));
        self
    }

    /// The value that was set, 0 included.
    pub fn given(&self, limit: Limit) -> Option<u64> {
        self.limits.iter().find(|(other, _)| *other == limit).map(|(_, value)| *value)
    }

    /// The most there may be. Without a limit that is the ceiling, or as good as endless.
    pub fn limit(&self, limit: Limit) -> usize {
        let value = match self.given(limit).unwrap_or(limit.default()) {
            0 => limit.ceiling(),
            value => value,
        };
        match value {
            0 => usize::MAX,
            value => usize::try_from(value).unwrap_or(usize::MAX),
        }
    }

    /// The most there may be, as databases count.
    pub fn limit_i64(&self, limit: Limit) -> i64 {
        i64::try_from(self.limit(limit)).unwrap_or(i64::MAX)
    }

    /// Which signals clients send.
    pub fn mode(&self) -> SignalMode {
        self.mode
    }

    /// Whether a feature is on.
    pub fn is_on(&self, feature: Feature) -> bool {
        let given = self.features.iter().find(|(other, _)| *other == feature).map(|(_, on)| *on);
        given.unwrap_or(feature.default())
    }
}

/// A limit by its key.
fn limit_of(key: &str) -> Option<Limit> {
    Limit::ALL.iter().copied().find(|limit| limit.key() == key)
}

/// Whether a key is a limit's. Limits protect the whole server, so fewer people may set them.
pub fn is_limit(key: &str) -> bool {
    limit_of(key).is_some()
}

/// Whether there is such a setting.
pub fn is_known(key: &str) -> bool {
    is_limit(key) || key == PUSH_INCLUDED || key == MODE || Feature::ALL.iter().any(|feature| feature.key() == key)
}

/// Checks a value for a key; answers it as it is to be stored.
pub fn check(key: &str, value: &Value) -> Result<Value, FieldError> {
    let wrong = |problem: String| Err(FieldError::new(key, problem));
    if let Some(limit) = limit_of(key) {
        let Some(number) = value.as_u64().filter(|number| *number <= i64::MAX.unsigned_abs()) else {
            return wrong("must be a whole number; 0 is no limit".to_owned());
        };
        return match limit.ceiling() {
            ceiling if ceiling != 0 && number > ceiling => wrong(format!("must not be more than {ceiling}")),
            _ => Ok(number.into()),
        };
    }
    if key == MODE {
        return match SignalMode::parse(value) {
            Some(mode) => Ok(mode.word().into()),
            None => wrong(format!("must be one of {}", SignalMode::ALL.map(SignalMode::word).join(", "))),
        };
    }
    if key == PUSH_INCLUDED {
        return match value.as_array() {
            Some(words) if words.len() <= WORDS_MAX && words.iter().all(is_word) => Ok(value.clone()),
            _ => wrong("must be a short list of words".to_owned()),
        };
    }
    if !is_known(key) {
        return wrong("there is no such setting".to_owned());
    }
    match (value.as_bool(), value.as_u64()) {
        (Some(on), _) => Ok(on.into()),
        (None, Some(number @ (0 | 1))) => Ok((number == 1).into()),
        _ => wrong("must be true or false".to_owned()),
    }
}

fn is_word(value: &Value) -> bool {
    value.as_str().is_some_and(|word| word.len() <= WORD_MAX && !word.contains('\0'))
}

/// Every setting with its value: the stored one or the default.
pub fn show(stored_json: &str) -> Map<String, Value> {
    let mut stored: Map<String, Value> = serde_json::from_str(stored_json).unwrap_or_default();
    let defaults = Feature::ALL
        .iter()
        .map(|feature| (feature.key(), feature.default().into()))
        .chain([(MODE, SignalMode::Default.word().into()), (PUSH_INCLUDED, PUSH_INCLUDED_DEFAULT.as_slice().into())])
        .chain(Limit::ALL.iter().map(|limit| (limit.key(), limit.default().into())));
    defaults.map(|(key, default)| (key.to_owned(), stored.remove(key).unwrap_or(default))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_unique_and_defaults_are_within_their_ceilings() {
        let keys: Vec<&str> = Limit::ALL.iter().map(|l| l.key()).chain(Feature::ALL.iter().map(|f| f.key())).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(key), "{key}");
            assert!(is_known(key));
        }
        for limit in Limit::ALL {
            assert!(limit.ceiling() == 0 || limit.default() <= limit.ceiling(), "{limit:?}");
            assert!(check(limit.key(), &json!(limit.default())).is_ok());
        }
    }

    #[test]
    fn what_is_set_wins_over_the_default() {
        let settings = AppSettings::parse(r#"{"limits.roles":3,"core.conversations.updateOnReplies":false}"#);
        assert_eq!(settings.limit(Limit::Roles), 3);
        assert_eq!(settings.limit(Limit::ApiKeys), 25);
        assert!(!settings.is_on(Feature::UpdateOnReplies));
        assert!(settings.is_on(Feature::UpdateOnGroupActions));
        assert_eq!(AppSettings::parse("no json"), AppSettings::default());
    }

    #[test]
    fn without_a_limit_only_the_ceiling_holds() {
        let settings = AppSettings::default().with_limit(Limit::MembersPerCall, 0).with_limit(Limit::Friends, 0);
        assert_eq!(settings.limit(Limit::MembersPerCall), 1000);
        assert_eq!(settings.limit(Limit::Friends), usize::MAX);
        assert_eq!(settings.limit_i64(Limit::Friends), i64::MAX);
        assert_eq!(AppSettings::default().limit(Limit::Members), usize::MAX, "a wall is off");
    }

    #[test]
    fn values_of_the_wrong_kind_and_unknown_keys_are_refused() {
        for (key, value) in [
            ("limits.roles", json!(-1)),
            ("limits.roles", json!(1001)),
            ("limits.roles", json!(true)),
            ("limits.roles", json!(1.5)),
            ("core.conversations.updateOnReplies", json!("yes")),
            ("core.conversations.updateOnReplies", json!(2)),
            ("core.notifications.push.advanced.included", json!([1])),
            ("core.nothing", json!(true)),
            ("core.mode", json!("QUIET")),
            ("core.mode", json!(true)),
        ] {
            let error = check(key, &value).expect_err(key);
            assert_eq!(error.field, key);
        }
        assert_eq!(check("core.conversations.updateOnReplies", &json!(1)), Ok(json!(true)));
        assert_eq!(check("limits.groups.members", &json!(300)), Ok(json!(300)));
    }

    #[test]
    fn a_mode_says_which_signals_there_are() {
        let of = |json: &str| AppSettings::parse(json).mode();
        assert_eq!(of("{}"), SignalMode::Default);
        assert_eq!(of(r#"{"core.mode":"QUIET"}"#), SignalMode::Default);
        assert_eq!(of(r#"{"core.mode":"LIMITED_TRANSIENT"}"#), SignalMode::LimitedTransient);
        let allows = SignalMode::ALL.map(|mode| (mode.has_typing(), mode.has_transient()));
        assert_eq!(allows, [(true, true), (false, true), (false, false)]);
        assert_eq!(check("core.mode", &json!("NO_TRANSIENT")), Ok(json!("NO_TRANSIENT")));
    }

    #[test]
    fn every_setting_is_shown() {
        let shown = show(r#"{"limits.roles":3,"gone":1}"#);
        assert_eq!(shown["limits.roles"], 3);
        assert_eq!(shown["core.conversations.updateOnReplies"], true);
        assert_eq!(shown.len(), Limit::ALL.len() + Feature::ALL.len() + 2);
    }
}
