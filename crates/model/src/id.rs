//! Ids of apps, users, groups and roles: letters, digits, `-` and `_`, kept in lower case.

use std::fmt;

use crate::limits;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Too long.
    #[error("must not be longer than {max} characters")]
    TooLong {
        /// The most that is allowed.
        max: usize,
    },
    /// A character that ids don't have.
    #[error("may hold only letters, digits, '-' and '_'")]
    Characters,
}

fn parse(value: &str, max: usize) -> Result<String, InvalidId> {
    if value.is_empty() {
        return Err(InvalidId::Empty);
    }
    if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(InvalidId::Characters);
    }
    if value.len() > max {
        return Err(InvalidId::TooLong { max });
    }
    Ok(value.to_ascii_lowercase())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads an id, lower-casing it.
            pub fn parse(value: &str) -> Result<Self, InvalidId> {
                parse(value, $max).map(Self)
            }

            /// The id in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as a plain string, for a contract's field.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(/// A user's id, given by the app.
    Uid, limits::ID_MAX);
id!(/// A group's id, given by the app.
    Guid, limits::ID_MAX);
id!(/// A role's id.
    RoleId, limits::ID_MAX);

/// An app's id: 1 to 32 lower-case letters and digits, so that it can be a DNS label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(String);

impl AppId {
    /// Reads an app id, lower-casing it.
    pub fn parse(value: &str) -> Result<Self, InvalidId> {
        let id = parse(value, limits::APP_ID_MAX)?;
        if id.contains(['-', '_']) { Err(InvalidId::Characters) } else { Ok(Self(id)) }
    }

    /// The id in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_lower_cased() {
        assert_eq!(Uid::parse("Ann-1_B").expect("valid").as_str(), "ann-1_b");
    }

    #[test]
    fn other_characters_are_refused() {
        for bad in ["", "a b", "ä", "a:b", "a/b", "a\0"] {
            assert!(Uid::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_app_id_is_a_label() {
        assert!(AppId::parse("235391c94852dc7d").is_ok());
        assert!(AppId::parse("a-b").is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(s in ".*") {
            if let Ok(id) = Uid::parse(&s) {
                prop_assert_eq!(Uid::parse(id.as_str()).expect("stable"), id);
            }
        }
    }
}
