//! Permissions as contracts carry them, and as rules read them.

use halley_contracts::common::v1::PermissionValue;
use halley_model::permissions::{Permission, Rights, Value};

/// The value in a contract.
pub fn value(stored: &PermissionValue) -> Value {
    match stored.word.as_str() {
        "" => Value::List(stored.list.clone()),
        word => Value::Word(word.to_owned()),
    }
}

/// A value for a contract, without times.
pub fn to_contract(permission: &str, value: Value) -> PermissionValue {
    let permission = permission.to_owned();
    match value {
        Value::Word(word) => PermissionValue { permission, word, ..Default::default() },
        Value::List(list) => PermissionValue { permission, list, ..Default::default() },
    }
}

/// The rights that a contract's values make.
pub fn rights<P: Permission>(stored: &[PermissionValue]) -> Rights<P> {
    Rights::of(stored.iter().map(|stored| (stored.permission.as_str(), value(stored))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use halley_model::permissions::RolePermission;

    #[test]
    fn values_come_back_as_they_went() {
        for given in [Value::Word("deny".to_owned()), Value::List(Vec::new()), Value::List(vec!["a".to_owned()])] {
            assert_eq!(value(&to_contract("sendMessage", given.clone())), given);
        }
        let stored = [to_contract("sendMessage", Value::Word("deny".to_owned()))];
        assert!(rights::<RolePermission>(&stored).permit(RolePermission::SendMessage, false).is_err());
    }
}
