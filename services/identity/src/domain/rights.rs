//! Permissions and features that a call names.

use halley_contracts::common::v1::PermissionValue;
use halley_kit::permissions;
use halley_model::{
    FieldError,
    permissions::{DataType, Feature, Permission as _, RolePermission, Value},
};

use super::at_most;
use crate::error::Result;

/// Values to set, checked, each permission once.
#[derive(Debug, Clone)]
pub(crate) struct NewPermissions {
    /// By the order of the catalogue.
    pub values: Vec<(RolePermission, Value)>,
}

impl NewPermissions {
    /// Reads values; of a permission that is named twice the last one counts.
    pub(crate) fn parse(given: &[PermissionValue]) -> Result<Self> {
        at_most("permissions", given, RolePermission::ALL.len())?;
        if given.is_empty() {
            return Err(FieldError::new("permissions", "is required").into());
        }
        let mut values = std::collections::BTreeMap::new();
        for stored in given {
            let permission = known_permission(&format!("permissions.{}", stored.permission), &stored.permission)?;
            values.insert(permission, permissions::value(stored).fitted(permission)?);
        }
        Ok(Self { values: values.into_iter().collect() })
    }

    /// The roles that the values name, each with the permission that names it.
    pub(crate) fn roles(&self) -> Vec<(RolePermission, &String)> {
        let of_roles = self.values.iter().filter(|(permission, _)| permission.spec().data_type == DataType::Roles);
        of_roles
            .flat_map(|(permission, value)| match value {
                Value::List(roles) => roles.iter().map(|role| (*permission, role)).collect(),
                Value::Word(_) => Vec::new(),
            })
            .collect()
    }
}

/// Reads the id of a permission.
pub(crate) fn known_permission(field: &str, id: &str) -> Result<RolePermission> {
    Ok(RolePermission::parse(id).ok_or_else(|| FieldError::new(field, "is no permission of roles"))?)
}

/// Reads keys of features, each once and without its prefix.
pub(crate) fn features(field: &str, keys: &[String]) -> Result<Vec<&'static str>> {
    at_most(field, keys, 2 * Feature::ALL.len())?;
    let mut known = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(feature) = Feature::parse(key) else {
            return Err(FieldError::new(field, format!("holds no feature of the name {key:?}")).into());
        };
        known.push(feature.key());
    }
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::IdentityError;

    fn word(permission: &str, word: &str) -> PermissionValue {
        PermissionValue { permission: permission.to_owned(), word: word.to_owned(), ..Default::default() }
    }

    #[test]
    fn the_last_value_of_a_permission_counts() {
        let given = [word("sendMessage", "allow"), word("listUsers.allowedRoles", "VIP"), word("sendMessage", "deny")];
        let new = NewPermissions::parse(&given).unwrap();
        assert_eq!(new.values.len(), 2);
        assert!(new.values.contains(&(RolePermission::SendMessage, Value::Word("deny".to_owned()))));
        assert_eq!(new.roles(), [(RolePermission::ListUsersAllowedRoles, &"vip".to_owned())]);
    }

    #[test]
    fn a_fault_names_the_permission() {
        let field = |given: &[PermissionValue]| match NewPermissions::parse(given) {
            Err(IdentityError::Field(fault)) => fault.field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(&[]), "permissions");
        assert_eq!(field(&[word("fly", "deny")]), "permissions.fly");
        assert_eq!(field(&[word("sendMessage", "perhaps")]), "permissions.sendMessage");
    }

    #[test]
    fn keys_lose_their_prefix() {
        let keys = |given: &[&str]| features("keys", &given.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(keys(&["u.ban", "ban", "addMember"]).unwrap(), ["addMember", "ban"]);
        assert!(keys(&["fly"]).is_err());
    }
}
