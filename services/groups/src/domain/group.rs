//! Groups to store, and changes to them.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1::{self as pb, GroupType};
use halley_kit::{Caller, time};
use halley_model::{APP_SYSTEM_UID, FieldError, field, limits};

use super::{guid, owner};
use crate::error::{GroupsError, Result};

/// How one gets into a group, as the database numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[repr(i16)]
pub(crate) enum Kind {
    Public = 1,
    Password = 2,
    Private = 3,
}

impl Kind {
    /// Reads a type; `None`: unspecified.
    pub(crate) fn parse(value: i32) -> Result<Option<Self>> {
        match GroupType::try_from(value) {
            Ok(GroupType::Unspecified) => Ok(None),
            Ok(GroupType::Public) => Ok(Some(Self::Public)),
            Ok(GroupType::Password) => Ok(Some(Self::Password)),
            Ok(GroupType::Private) => Ok(Some(Self::Private)),
            Err(_) => Err(FieldError::new("type", "must be public, password or private").into()),
        }
    }

    /// As the contract has it.
    pub(crate) fn show(self) -> GroupType {
        match self {
            Self::Public => GroupType::Public,
            Self::Password => GroupType::Password,
            Self::Private => GroupType::Private,
        }
    }
}

/// A group to store. Its password is nowhere but in `password`, until it is hashed.
#[derive(Clone)]
pub(crate) struct NewGroup {
    pub guid: String,
    pub name: String,
    pub kind: Kind,
    /// Of a group of the type password, and only then.
    pub password: Option<String>,
    pub description: String,
    pub icon: String,
    pub owner: String,
    pub metadata: String,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// False: nobody said when, and members may have joined before.
    pub created_at_known: bool,
    pub updated_at: Option<DateTime<Utc>>,
    pub updated_by: String,
}

impl NewGroup {
    /// Reads a group that begins now. A user who makes one owns it; only the app itself names another owner.
    pub(crate) fn parse(caller: &Caller, request: pb::CreateGroupRequest, now: DateTime<Utc>) -> Result<Self> {
        let named = match caller.acting_uid() {
            Some(uid) => uid,
            None if request.owner.is_empty() => APP_SYSTEM_UID,
            None => &request.owner,
        };
        let kind = Kind::parse(request.r#type)?.unwrap_or(Kind::Public);
        let new = Self {
            guid: guid(&request.guid)?,
            owner: owner(named)?,
            name: request.name,
            kind,
            password: password(kind, request.password)?,
            description: request.description,
            icon: request.icon,
            metadata: request.metadata_json,
            tags: distinct(request.tags),
            created_at: now,
            created_at_known: true,
            updated_at: None,
            updated_by: String::new(),
        };
        check_name(&new.name)?;
        check(&new.icon, &new.description, &new.metadata, &new.tags)?;
        Ok(new)
    }

    /// Reads a group with its own times.
    pub(crate) fn parse_imported(imported: pb::ImportedGroup, now: DateTime<Utc>) -> Result<Self> {
        let group = imported.group.unwrap_or_default();
        let request = pb::CreateGroupRequest {
            guid: group.guid,
            name: group.name,
            r#type: group.r#type,
            password: imported.password,
            icon: group.icon,
            description: group.description,
            metadata_json: group.metadata_json,
            owner: group.owner,
            tags: group.tags,
            members: None,
        };
        // Of no app: only a user would matter, and there is none.
        let mut new = Self::parse(&Caller::system(""), request, now).map_err(as_import)?;
        let created_at = past("createdAt", group.created_at_ms, now)?;
        new.created_at_known = created_at.is_some();
        new.created_at = created_at.unwrap_or(now);
        new.updated_at = past("updatedAt", group.updated_at_ms, now)?;
        field::text("updatedBy", &group.updated_by, limits::ID_MAX).map_err(GroupsError::InvalidImportedGroup)?;
        new.updated_by = group.updated_by;
        Ok(new)
    }
}

fn as_import(fault: GroupsError) -> GroupsError {
    match fault {
        GroupsError::Field(fault) => GroupsError::InvalidImportedGroup(fault),
        other => other,
    }
}

/// Reads a time of the past; 0 is none.
fn past(name: &str, ms: i64, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    if ms == 0 {
        return Ok(None);
    }
    match time::from_ms(ms) {
        Some(at) if at <= now => Ok(Some(at)),
        _ => Err(GroupsError::InvalidImportedGroup(FieldError::new(name, "must be a time of the past"))),
    }
}

/// Changes to a group; `None` leaves as it is, an empty text clears.
#[derive(Clone, Default)]
pub(crate) struct GroupChanges {
    pub name: Option<String>,
    pub kind: Option<Kind>,
    pub password: Option<String>,
    pub icon: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<String>,
    pub owner: Option<String>,
    pub tags: Option<Vec<String>>,
}

impl GroupChanges {
    /// Reads an update. An owner that a user names is passed over, as documented.
    pub(crate) fn parse(caller: &Caller, request: pb::UpdateGroupRequest) -> Result<Self> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (icon, description) = (text(&request.icon), text(&request.description));
        check(&icon, &description, &text(&request.metadata_json), &request.tags)?;
        if let Some(name) = &request.name {
            check_name(name)?;
        }
        let password = request.password.filter(|password| !password.is_empty());
        check_password(password.as_deref().unwrap_or_default())?;
        let named = request.owner.filter(|_| caller.acting_uid().is_none());
        let mut changes = Self {
            name: request.name,
            kind: Kind::parse(request.r#type)?,
            password,
            icon: request.icon,
            description: request.description,
            metadata: request.metadata_json,
            owner: named.as_deref().map(owner).transpose()?,
            tags: request.replace_tags.then(|| distinct(request.tags)),
        };
        for name in &request.unset {
            match name.as_str() {
                "icon" => changes.icon = Some(String::new()),
                "description" => changes.description = Some(String::new()),
                "metadata" => changes.metadata = Some(String::new()),
                _ => return Err(FieldError::new("unset", "may hold only icon, description and metadata").into()),
            }
        }
        Ok(changes)
    }

    /// The type that a group of type `now` gets, and whether a password goes with the change.
    pub(crate) fn kind_after(&self, now: Kind) -> Result<Kind> {
        let after = self.kind.unwrap_or(now);
        match after {
            Kind::Password if now != Kind::Password && self.password.is_none() => Err(GroupsError::EmptyPassword),
            Kind::Public | Kind::Private if self.password.is_some() => Err(needless_password()),
            _ => Ok(after),
        }
    }
}

/// The password of a new group.
fn password(kind: Kind, password: String) -> Result<Option<String>> {
    check_password(&password)?;
    match (kind, password.is_empty()) {
        (Kind::Password, true) => Err(GroupsError::EmptyPassword),
        (Kind::Password, false) => Ok(Some(password)),
        (_, true) => Ok(None),
        // Whoever gives one believes that the group is protected.
        (_, false) => Err(needless_password()),
    }
}

fn needless_password() -> GroupsError {
    FieldError::new("password", "only a group of the type password has one").into()
}

fn check_password(password: &str) -> Result<()> {
    Ok(field::text("password", password, limits::GROUP_PASSWORD_MAX)?)
}

fn check_name(name: &str) -> Result<()> {
    Ok(field::required_text("name", name, limits::NAME_MAX)?)
}

fn check(icon: &str, description: &str, metadata: &str, tags: &[String]) -> Result<()> {
    field::url("icon", icon)?;
    field::text("description", description, limits::DESCRIPTION_MAX)?;
    field::json_object("metadata", metadata, limits::METADATA_MAX_BYTES)?;
    field::tags("tags", tags)?;
    Ok(())
}

/// The tags without repeats, in the order given.
fn distinct(tags: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    tags.into_iter().filter(|tag| seen.insert(tag.clone())).collect()
}

#[cfg(test)]
mod tests {
    use halley_contracts::common::v1::UserPrincipal;

    use super::*;

    fn user() -> Caller {
        Caller::user("app", UserPrincipal { uid: "ann".to_owned(), ..Default::default() })
    }

    fn named() -> pb::CreateGroupRequest {
        pb::CreateGroupRequest { guid: "Room".to_owned(), name: "Room".to_owned(), ..Default::default() }
    }

    fn parse(request: pb::CreateGroupRequest) -> Result<NewGroup> {
        NewGroup::parse(&Caller::system("app"), request, time::now())
    }

    fn field_of<T>(outcome: Result<T>) -> String {
        match outcome {
            Err(GroupsError::Field(fault) | GroupsError::InvalidImportedGroup(fault)) => fault.field,
            Err(other) => format!("{other:?}"),
            Ok(_) => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_group_needs_only_guid_and_name() {
        let group = parse(named()).map_err(|fault| fault.to_string()).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!((group.guid.as_str(), group.owner.as_str(), group.kind), ("room", APP_SYSTEM_UID, Kind::Public));
        assert_eq!(field_of(parse(pb::CreateGroupRequest { guid: "g".to_owned(), ..Default::default() })), "name");
        let bad = pb::CreateGroupRequest { guid: "a room".to_owned(), ..named() };
        assert!(matches!(parse(bad), Err(GroupsError::InvalidGuid { .. })));
    }

    #[test]
    fn a_user_owns_what_they_make_and_the_app_names_whom_it_likes() {
        let request = || pb::CreateGroupRequest { owner: "Bob".to_owned(), ..named() };
        assert!(NewGroup::parse(&user(), request(), time::now()).is_ok_and(|group| group.owner == "ann"));
        assert!(parse(request()).is_ok_and(|group| group.owner == "bob"));
        assert_eq!(field_of(parse(pb::CreateGroupRequest { owner: "no uid".to_owned(), ..named() })), "owner");
    }

    #[test]
    fn a_password_goes_with_its_type_only() {
        let of = |kind: GroupType, password: &str| {
            parse(pb::CreateGroupRequest { r#type: kind.into(), password: password.to_owned(), ..named() })
        };
        assert!(of(GroupType::Password, "x").is_ok_and(|group| group.password.as_deref() == Some("x")));
        assert!(matches!(of(GroupType::Password, ""), Err(GroupsError::EmptyPassword)));
        for kind in [GroupType::Unspecified, GroupType::Public, GroupType::Private] {
            assert_eq!(field_of(of(kind, "x")), "password");
        }
        assert_eq!(field_of(of(GroupType::Password, &"x".repeat(101))), "password");
    }

    #[test]
    fn faults_name_the_public_field() {
        let cases = [
            ("icon", pb::CreateGroupRequest { icon: "ftp://x".to_owned(), ..named() }),
            ("description", pb::CreateGroupRequest { description: "x".repeat(256), ..named() }),
            ("metadata", pb::CreateGroupRequest { metadata_json: "[]".to_owned(), ..named() }),
            ("tags", pb::CreateGroupRequest { tags: (0..26).map(|i| i.to_string()).collect(), ..named() }),
            ("name", pb::CreateGroupRequest { name: "x".repeat(101), ..named() }),
            ("type", pb::CreateGroupRequest { r#type: 9, ..named() }),
        ];
        for (name, request) in cases {
            assert_eq!(field_of(parse(request)), name);
        }
    }

    #[test]
    fn unset_clears_and_absent_leaves() {
        let update = |unset: &str| {
            let request = pb::UpdateGroupRequest { unset: vec![unset.to_owned()], ..Default::default() };
            GroupChanges::parse(&user(), request)
        };
        assert!(update("icon").is_ok_and(|changes| changes.icon.as_deref() == Some("") && changes.name.is_none()));
        assert_eq!(field_of(update("name")), "unset");
    }

    #[test]
    fn a_change_of_type_brings_or_drops_the_password() {
        let changes = |kind, password: Option<&str>| GroupChanges {
            kind,
            password: password.map(ToOwned::to_owned),
            ..Default::default()
        };
        let to_password = changes(Some(Kind::Password), None);
        assert!(matches!(to_password.kind_after(Kind::Public), Err(GroupsError::EmptyPassword)));
        assert_eq!(to_password.kind_after(Kind::Password).unwrap(), Kind::Password, "it keeps the one it has");
        assert_eq!(changes(Some(Kind::Password), Some("x")).kind_after(Kind::Public).unwrap(), Kind::Password);
        assert_eq!(changes(None, Some("x")).kind_after(Kind::Password).unwrap(), Kind::Password);
        assert_eq!(changes(Some(Kind::Public), None).kind_after(Kind::Password).unwrap(), Kind::Public);
        assert_eq!(field_of(changes(None, Some("x")).kind_after(Kind::Private)), "password");
        assert_eq!(field_of(changes(Some(Kind::Public), Some("x")).kind_after(Kind::Password)), "password");
    }

    #[test]
    fn only_the_app_changes_the_owner_by_an_update() {
        let request = || pb::UpdateGroupRequest { owner: Some("Bob".to_owned()), ..Default::default() };
        assert!(GroupChanges::parse(&user(), request()).is_ok_and(|changes| changes.owner.is_none()));
        let app = Caller::system("app");
        assert!(GroupChanges::parse(&app, request()).is_ok_and(|changes| changes.owner.as_deref() == Some("bob")));
    }

    #[test]
    fn imported_times_lie_in_the_past() {
        let now = time::now();
        let imported = |ms| pb::ImportedGroup {
            group: Some(pb::Group { guid: "g".into(), name: "G".into(), created_at_ms: ms, ..Default::default() }),
            ..Default::default()
        };
        assert!(NewGroup::parse_imported(imported(5), now).is_ok_and(|group| group.created_at.timestamp_millis() == 5));
        assert!(NewGroup::parse_imported(imported(0), now).is_ok_and(|group| group.created_at == now));
        for bad in [-1, time::to_ms(now) + 60_000] {
            assert_eq!(field_of(NewGroup::parse_imported(imported(bad), now)), "createdAt", "{bad}");
        }
    }
}
