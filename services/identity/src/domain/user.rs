//! Users to store, and changes to them.

use chrono::{DateTime, Utc};
use halley_contracts::identity::v1 as pb;
use halley_kit::time;
use halley_model::{DEFAULT_ROLE, FieldError, RoleId, field, limits};
use serde_json::{Map, Value};

use super::new_uid;
use crate::error::{IdentityError, Result};

/// A user to store.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub uid: String,
    pub name: String,
    pub avatar: String,
    pub link: String,
    pub role: String,
    pub status_message: String,
    pub metadata: String,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub last_active_at: Option<DateTime<Utc>>,
    pub deactivated_at: Option<DateTime<Utc>>,
}

impl NewUser {
    /// Reads a user who begins now.
    pub(crate) fn parse(request: pb::CreateUserRequest, now: DateTime<Utc>) -> Result<Self> {
        let uid = new_uid(&request.uid)?;
        let fields = request.fields.unwrap_or_default();
        check(&fields)?;
        let name = fields.name.unwrap_or_default();
        field::required_text("name", &name, limits::NAME_MAX)?;
        Ok(Self {
            uid,
            name,
            avatar: fields.avatar.unwrap_or_default(),
            link: fields.link.unwrap_or_default(),
            role: role_or_default(&fields.role.unwrap_or_default())?,
            status_message: fields.status_message.unwrap_or_default(),
            metadata: fields.metadata_json.unwrap_or_default(),
            tags: distinct(fields.tags),
            created_at: now,
            last_active_at: None,
            deactivated_at: None,
        })
    }

    /// Reads a user with their own times.
    pub(crate) fn parse_imported(user: pb::User, now: DateTime<Utc>) -> Result<Self> {
        let mut new = Self::parse(
            pb::CreateUserRequest {
                uid: user.uid,
                fields: Some(pb::UserFields {
                    name: Some(user.name),
                    avatar: Some(user.avatar),
                    link: Some(user.link),
                    role: Some(user.role),
                    status_message: Some(user.status_message),
                    metadata_json: Some(user.metadata_json),
                    tags: user.tags,
                    replace_tags: true,
                }),
            },
            now,
        )
        .map_err(|fault| match fault {
            IdentityError::Field(fault) => IdentityError::InvalidImport(fault),
            other => other,
        })?;
        new.created_at = past("createdAt", user.created_at_ms, now)?.unwrap_or(now);
        new.last_active_at = past("lastActiveAt", user.last_active_at_ms, now)?;
        new.deactivated_at = past("deactivatedAt", user.deactivated_at_ms, now)?;
        Ok(new)
    }
}

/// Reads a time of the past; 0 is none.
fn past(name: &str, ms: i64, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    if ms == 0 {
        return Ok(None);
    }
    match time::from_ms(ms) {
        Some(at) if at <= now => Ok(Some(at)),
        _ => Err(IdentityError::InvalidImport(FieldError::new(name, "must be a time of the past"))),
    }
}

/// Changes to a user; `None` leaves as it is, an empty text clears.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserChanges {
    pub name: Option<String>,
    pub avatar: Option<String>,
    pub link: Option<String>,
    pub role: Option<String>,
    pub status_message: Option<String>,
    pub metadata: Option<String>,
    pub tags: Option<Vec<String>>,
}

impl UserChanges {
    /// Reads an update.
    pub(crate) fn parse(fields: pb::UserFields, unset: &[String]) -> Result<Self> {
        check(&fields)?;
        if let Some(name) = &fields.name {
            field::required_text("name", name, limits::NAME_MAX)?;
        }
        let mut changes = Self {
            name: fields.name,
            avatar: fields.avatar,
            link: fields.link,
            role: fields.role.as_deref().map(role_or_default).transpose()?,
            status_message: fields.status_message,
            metadata: fields.metadata_json,
            tags: fields.replace_tags.then(|| distinct(fields.tags)),
        };
        for name in unset {
            match name.as_str() {
                "avatar" => changes.avatar = Some(String::new()),
                "link" => changes.link = Some(String::new()),
                "metadata" => changes.metadata = Some(String::new()),
                _ => return Err(FieldError::new("unset", "may hold only avatar, link and metadata").into()),
            }
        }
        Ok(changes)
    }
}

/// The part of the metadata that only the app's server side sees.
const PRIVATE: &str = "@private";

/// Carries the private part of stored metadata over to new ones that have none.
pub(crate) fn keep_private(new: &mut String, stored: &str) {
    let read = |text: &str| -> Map<String, Value> { serde_json::from_str(text).unwrap_or_default() };
    let Some(private) = read(stored).remove(PRIVATE) else { return };
    let mut map = read(new);
    if !map.contains_key(PRIVATE) {
        map.insert(PRIVATE.to_owned(), private);
        *new = Value::Object(map).to_string();
    }
}

fn check(fields: &pb::UserFields) -> Result<()> {
    field::url("avatar", fields.avatar.as_deref().unwrap_or_default())?;
    field::url("link", fields.link.as_deref().unwrap_or_default())?;
    let status_message = fields.status_message.as_deref().unwrap_or_default();
    field::text("statusMessage", status_message, limits::STATUS_MESSAGE_MAX)?;
    let metadata = fields.metadata_json.as_deref().unwrap_or_default();
    field::json_object("metadata", metadata, limits::METADATA_MAX_BYTES)?;
    field::tags("tags", &fields.tags)?;
    Ok(())
}

/// Reads a role id; empty is the default role. What is no id names no role.
fn role_or_default(value: &str) -> Result<String> {
    if value.is_empty() {
        return Ok(DEFAULT_ROLE.to_owned());
    }
    RoleId::parse(value).map(RoleId::into_string).map_err(|_| IdentityError::RoleNotFound { role: value.to_owned() })
}

/// The tags without repeats, in the order given.
fn distinct(tags: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    tags.into_iter().filter(|tag| seen.insert(tag.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: pb::UserFields) -> Result<NewUser> {
        NewUser::parse(pb::CreateUserRequest { uid: "Ann".to_owned(), fields: Some(fields) }, time::now())
    }

    fn named() -> pb::UserFields {
        pb::UserFields { name: Some("Ann".to_owned()), ..Default::default() }
    }

    #[test]
    fn a_user_needs_only_a_name() {
        let user = request(named()).unwrap();
        assert_eq!((user.uid.as_str(), user.role.as_str()), ("ann", DEFAULT_ROLE));
        assert!(matches!(request(pb::UserFields::default()), Err(IdentityError::Field(f)) if f.field == "name"));
    }

    #[test]
    fn faults_name_the_public_field() {
        let cases = [
            ("avatar", pb::UserFields { avatar: Some("ftp://x".to_owned()), ..named() }),
            ("link", pb::UserFields { link: Some("x".to_owned()), ..named() }),
            ("statusMessage", pb::UserFields { status_message: Some("x".repeat(256)), ..named() }),
            ("metadata", pb::UserFields { metadata_json: Some("[]".to_owned()), ..named() }),
            ("tags", pb::UserFields { tags: vec!["t".to_owned(); 26], ..named() }),
        ];
        for (name, fields) in cases {
            assert!(matches!(request(fields), Err(IdentityError::Field(f)) if f.field == name), "{name}");
        }
    }

    #[test]
    fn unset_clears_and_absent_leaves() {
        let changes = UserChanges::parse(pb::UserFields::default(), &["avatar".to_owned()]).unwrap();
        assert_eq!(changes.avatar.as_deref(), Some(""));
        assert!(changes.link.is_none() && changes.tags.is_none());
        assert!(UserChanges::parse(pb::UserFields::default(), &["name".to_owned()]).is_err());
    }

    #[test]
    fn the_private_part_outlives_what_its_user_writes() {
        let kept = |new: &str, stored: &str| {
            let mut new = new.to_owned();
            keep_private(&mut new, stored);
            new
        };
        let stored = r#"{"a":1,"@private":{"email":"x"}}"#;
        assert_eq!(kept(r#"{"b":2}"#, stored), r#"{"@private":{"email":"x"},"b":2}"#);
        assert_eq!(kept("", stored), r#"{"@private":{"email":"x"}}"#);
        assert_eq!(kept(r#"{"@private":{}}"#, stored), r#"{"@private":{}}"#);
        assert_eq!(kept("", r#"{"a":1}"#), "");
    }

    #[test]
    fn imported_times_lie_in_the_past() {
        let now = time::now();
        let user = |ms| pb::User { uid: "a".into(), name: "A".into(), created_at_ms: ms, ..Default::default() };
        assert_eq!(NewUser::parse_imported(user(5), now).unwrap().created_at.timestamp_millis(), 5);
        for bad in [-1, time::to_ms(now) + 60_000] {
            assert!(matches!(NewUser::parse_imported(user(bad), now), Err(IdentityError::InvalidImport(_))), "{bad}");
        }
    }
}
