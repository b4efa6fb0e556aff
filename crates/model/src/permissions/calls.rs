//! Which client call is decided by what: the one table, turned round.

use std::{collections::HashMap, sync::LazyLock};

use super::{Feature, Permission as _, RolePermission};

/// A call of the API, its path as the router spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// In capitals.
    pub method: &'static str,
    /// From behind the version, with names in braces.
    pub path: &'static str,
}

/// What can forbid a call.
#[derive(Debug, Default)]
pub struct Gates {
    /// Restricted features.
    pub features: Vec<Feature>,
    /// Permissions of roles that hold a word.
    pub permissions: Vec<RolePermission>,
}

/// By path, then by method.
static GATES: LazyLock<HashMap<&str, HashMap<&str, Gates>>> = LazyLock::new(|| {
    let mut gates: HashMap<&str, HashMap<&str, Gates>> = HashMap::new();
    for feature in Feature::ALL {
        for call in feature.calls() {
            gates.entry(call.path).or_default().entry(call.method).or_default().features.push(*feature);
        }
    }
    for permission in RolePermission::ALL {
        for call in permission.calls() {
            gates.entry(call.path).or_default().entry(call.method).or_default().permissions.push(*permission);
        }
    }
    gates
});

/// What can forbid that call; `None`: nothing can.
pub fn gates(method: &str, path: &str) -> Option<&'static Gates> {
    GATES.get(path)?.get(method)
}
