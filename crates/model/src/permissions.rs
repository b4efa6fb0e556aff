//! Rights as data: what a role lets its users do in the app, and what a scope lets its members do in a group.
//!
//! Every permission allows by default; a value that was set takes the default's place. The role is asked first, then the
//! scope; either may deny, and neither gives what [`crate::rights`] refuses. Older than both are the features of
//! [`Feature`]: calls that a role's users may not make at all.

mod calls;
mod feature;
mod role;
mod scope;

use std::{collections::BTreeMap, fmt};

pub use calls::{Call, Gates, gates};
pub use feature::Feature;
pub use role::{Outgoing, RolePermission};
pub use scope::ScopePermission;

use crate::{ErrorCode, FieldError, RoleId, field, limits};

/// A word that allows.
pub const ALLOW: &str = "allow";
/// A word that denies.
pub const DENY: &str = "deny";
/// A mode that reaches everybody.
pub const ALL: &str = "all";
/// A mode that reaches friends only.
pub const FRIENDS: &str = "friends";

/// Most entries of a list.
const LIST_MAX: usize = 100;

/// What the value of a permission is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// One of the available words.
    Word,
    /// Some of the available words.
    Words,
    /// Ids of roles.
    Roles,
    /// Any texts.
    Texts,
}

impl DataType {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Word => "string",
            Self::Words => "stringArray",
            Self::Roles => "rolesStringArray",
            Self::Texts => "customStringArray",
        }
    }
}

/// How a list is read. An empty one is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// What is in it is allowed, and nothing else.
    Allows,
    /// What is in it is denied.
    Denies,
    /// Like `Allows`, for MIME types: `image/*` stands for all that begin so.
    AllowsMime,
}

/// A permission's entry in its catalogue.
#[derive(Debug)]
pub struct Spec {
    /// The public id.
    pub id: &'static str,
    /// A name for people.
    pub title: &'static str,
    /// What it decides, for people.
    pub description: &'static str,
    /// What its value is made of.
    pub data_type: DataType,
    /// How a list is read; of no matter for a word.
    pub list: List,
    /// The words to choose from; empty for roles and free texts. The first word of a `Word` is the default.
    pub available: &'static [&'static str],
}

/// A catalogue of permissions.
pub trait Permission: Copy + Ord + fmt::Debug + 'static {
    /// `role` or `scope`.
    const KIND: &'static str;
    /// All of them, in catalogue order.
    const ALL: &'static [Self];

    /// The catalogue's entry.
    fn spec(self) -> &'static Spec;

    /// The public id.
    fn id(self) -> &'static str {
        self.spec().id
    }

    /// Reads a public id.
    fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.id() == id)
    }

    /// The value of a permission that was not set.
    fn default_value(self) -> Value {
        let spec = self.spec();
        match spec.data_type {
            DataType::Word => Value::Word(spec.available.first().copied().unwrap_or(ALLOW).to_owned()),
            DataType::Words | DataType::Roles | DataType::Texts => Value::List(Vec::new()),
        }
    }
}

/// A permission's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One word.
    Word(String),
    /// A list; empty: no limit.
    List(Vec<String>),
}

impl Value {
    /// Reads what a client gives: a text, a list of texts, or null, which is the empty list.
    pub fn from_json(field: &str, json: &serde_json::Value) -> Result<Self, FieldError> {
        let fault = || FieldError::new(field, "must be a string or a list of strings");
        match json {
            serde_json::Value::Null => Ok(Self::List(Vec::new())),
            serde_json::Value::String(word) => Ok(Self::Word(word.clone())),
            serde_json::Value::Array(items) => {
                let texts = items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect::<Option<Vec<_>>>();
                texts.map(Self::List).ok_or_else(fault)
            }
            _ => Err(fault()),
        }
    }

    /// As JSON shows it.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Word(word) => word.as_str().into(),
            Self::List(list) => list.as_slice().into(),
        }
    }

    /// The value as this permission stores it, or what is wrong with it. A word given for a list is a list of one, and
    /// the reverse: documented examples show both.
    pub fn fitted<P: Permission>(self, permission: P) -> Result<Self, FieldError> {
        let spec = permission.spec();
        let name = format!("permissions.{}", spec.id);
        let one_of = || FieldError::new(&*name, format!("must be one of {}", spec.available.join(", ")));
        let items = match self {
            Self::Word(word) => vec![word],
            Self::List(list) => list,
        };
        if spec.data_type == DataType::Word {
            return match items.as_slice() {
                [word] if spec.available.contains(&word.as_str()) => Ok(Self::Word(word.clone())),
                _ => Err(one_of()),
            };
        }
        if items.len() > LIST_MAX {
            return Err(FieldError::new(&*name, format!("must not have more than {LIST_MAX} entries")));
        }
        let mut list: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            let item = match spec.data_type {
                DataType::Roles => {
                    let role = RoleId::parse(&item);
                    role.map_err(|reason| FieldError::new(&*name, format!("holds no role: {reason}")))?.into_string()
                }
                DataType::Texts => {
                    field::required_text(&name, &item, limits::NAME_MAX)?;
                    item
                }
                DataType::Word | DataType::Words if spec.available.contains(&item.as_str()) => item,
                DataType::Word | DataType::Words => return Err(one_of()),
            };
            if !list.contains(&item) {
                list.push(item);
            }
        }
        Ok(Self::List(list))
    }
}

/// A permission that denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not permitted: {permission}")]
pub struct Denied {
    /// Its public id.
    pub permission: &'static str,
}

impl Denied {
    /// The public code.
    pub const CODE: ErrorCode = ErrorCode::PermissionDenied;
}

/// The values that were set of a role's or a scope's permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights<P: Permission> {
    values: BTreeMap<P, Value>,
}

impl<P: Permission> Default for Rights<P> {
    fn default() -> Self {
        Self { values: BTreeMap::new() }
    }
}

impl<P: Permission> Rights<P> {
    /// From ids and values as they are stored. What the catalogue does not know is left out.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let known = values.into_iter().filter_map(|(id, value)| Some((P::parse(id)?, value)));
        Self { values: known.collect() }
    }

    /// Whether nothing was set: then everything is allowed.
    pub fn is_default(&self) -> bool {
        self.values.is_empty()
    }

    /// The value in force.
    pub fn value(&self, permission: P) -> Value {
        self.values.get(&permission).cloned().unwrap_or_else(|| permission.default_value())
    }

    /// Narrows a mode to friends.
    pub fn narrow_to_friends(&mut self, mode: P) {
        self.values.insert(mode, Value::Word(FRIENDS.to_owned()));
    }

    /// Whether the answer depends on being friends.
    pub fn asks_for_friends(&self, permission: P) -> bool {
        matches!(self.values.get(&permission), Some(Value::Word(word)) if word == FRIENDS)
    }

    /// The entries of a list; none: no limit.
    pub fn list(&self, permission: P) -> &[String] {
        match self.values.get(&permission) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// Asks a permission that holds a word. `friends`: those whom it is about are friends.
    pub fn permit(&self, permission: P, friends: bool) -> Result<(), Denied> {
        match self.values.get(&permission) {
            None | Some(Value::List(_)) => Ok(()),
            Some(Value::Word(word)) if word == ALLOW || word == ALL || (word == FRIENDS && friends) => Ok(()),
            // A word of a later version is no reason to allow.
            Some(Value::Word(_)) => Err(Denied { permission: permission.id() }),
        }
    }

    /// Asks a permission that holds a list about one item.
    pub fn allow(&self, permission: P, item: &str) -> Result<(), Denied> {
        let list = self.list(permission);
        let holds = || list.iter().any(|entry| entry == item);
        let allowed = match permission.spec().list {
            _ if list.is_empty() => true,
            List::Allows => holds(),
            List::Denies => !holds(),
            List::AllowsMime => list.iter().any(|entry| is_mime_of(item, entry)),
        };
        if allowed { Ok(()) } else { Err(Denied { permission: permission.id() }) }
    }

    /// Narrows a list's filter to what is allowed: whoever asks for nothing gets what is allowed, whoever asks for more
    /// is denied.
    pub fn narrow(&self, permission: P, asked: Vec<String>) -> Result<Vec<String>, Denied> {
        asked.iter().try_for_each(|item| self.allow(permission, item))?;
        Ok(if asked.is_empty() { self.list(permission).to_vec() } else { asked })
    }
}

fn is_mime_of(mime: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) if start.ends_with('/') => {
            mime.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        }
        _ => mime.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests;
