use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::rights::Scope;

fn word(word: &str) -> Value {
    Value::Word(word.to_owned())
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| (*item).to_owned()).collect())
}

fn with<P: Permission>(permission: P, value: Value) -> Rights<P> {
    Rights::of([(permission.id(), value.fitted(permission).expect("a value of the permission"))])
}

fn denied<P: Permission>(permission: P) -> Result<(), Denied> {
    Err(Denied { permission: permission.id() })
}

/// An entry that a list of this permission can have, and an item that is not in it.
fn entries<P: Permission>(permission: P) -> (String, String) {
    match permission.spec() {
        Spec { list: List::AllowsMime, .. } => ("image/*".to_owned(), "video/mp4".to_owned()),
        Spec { available: [first, second, ..], .. } => ((*first).to_owned(), (*second).to_owned()),
        _ => ("one".to_owned(), "two".to_owned()),
    }
}

/// Asks every permission of a catalogue: by default, with a value that allows, with one that denies.
fn every_permission_allows_and_denies<P: Permission>() {
    for permission in P::ALL.iter().copied() {
        let spec = permission.spec();
        let (entry, other) = entries(permission);
        let nothing = Rights::default();
        assert_eq!(nothing.permit(permission, false), Ok(()), "{permission:?} by default");
        assert_eq!(nothing.allow(permission, &entry), Ok(()), "{permission:?} by default");
        if spec.data_type == DataType::Word {
            for value in spec.available {
                let rights = with(permission, word(value));
                let (to_friends, to_others) = (rights.permit(permission, true), rights.permit(permission, false));
                match *value {
                    ALLOW | ALL => assert_eq!((to_friends, to_others), (Ok(()), Ok(())), "{permission:?} {value}"),
                    FRIENDS => assert_eq!((to_friends, to_others), (Ok(()), denied(permission)), "{permission:?}"),
                    DENY => {
                        assert_eq!((to_friends, to_others), (denied(permission), denied(permission)), "{permission:?}");
                    }
                    unknown => panic!("{permission:?} has a word without a meaning: {unknown}"),
                }
            }
            continue;
        }
        let rights = with(permission, list(&[&entry]));
        let item = if spec.list == List::AllowsMime { "image/png" } else { &entry };
        let answers = (rights.allow(permission, item), rights.allow(permission, &other));
        let wanted = match spec.list {
            List::Allows | List::AllowsMime => (Ok(()), denied(permission)),
            List::Denies => (denied(permission), Ok(())),
        };
        assert_eq!(answers, wanted, "{permission:?} with [{entry}], of {item} and {other}");
        let unlimited = with(permission, list(&[]));
        assert_eq!(unlimited.allow(permission, &other), Ok(()), "{permission:?} with an empty list");
        assert_eq!(with(permission, Value::List(Vec::new())).allow(permission, item), Ok(()));
    }
}

#[test]
fn every_role_permission_allows_and_denies() {
    every_permission_allows_and_denies::<RolePermission>();
}

#[test]
fn every_scope_permission_allows_and_denies() {
    every_permission_allows_and_denies::<ScopePermission>();
}

/// Ids, defaults, and what values are refused.
fn the_catalogue_is_whole<P: Permission>(count: usize) {
    assert_eq!(P::ALL.len(), count);
    let ids: HashSet<&str> = P::ALL.iter().map(|permission| permission.id()).collect();
    assert_eq!(ids.len(), count, "each id once");
    assert_eq!(P::parse("nothing"), None);
    for permission in P::ALL.iter().copied() {
        let spec = permission.spec();
        assert_eq!(P::parse(spec.id), Some(permission));
        assert!(!spec.title.is_empty() && !spec.description.is_empty(), "{permission:?}");
        let default = permission.default_value();
        assert_eq!(default.clone().fitted(permission), Ok(default.clone()), "{permission:?}: the default is a value");
        let named_by_mode = spec.id.ends_with(".mode");
        let wanted = match spec.data_type {
            DataType::Word if named_by_mode => word(ALL),
            DataType::Word => word(ALLOW),
            _ => list(&[]),
        };
        assert_eq!(default, wanted, "{permission:?}");
        let fault = match spec.data_type {
            DataType::Word => word("perhaps").fitted(permission),
            DataType::Words => list(&["perhaps"]).fitted(permission),
            DataType::Roles => list(&["no role"]).fitted(permission),
            DataType::Texts => list(&[" "]).fitted(permission),
        };
        assert_eq!(fault.expect_err("no value of it").field, format!("permissions.{}", spec.id));
    }
}

#[test]
fn there_are_28_permissions_of_roles() {
    the_catalogue_is_whole::<RolePermission>(28);
}

#[test]
fn there_are_11_permissions_of_scopes() {
    the_catalogue_is_whole::<ScopePermission>(11);
}

#[test]
fn words_and_lists_of_one_are_taken_for_each_other() {
    let switch = RolePermission::SendMessage;
    assert_eq!(list(&["deny"]).fitted(switch), Ok(word("deny")));
    assert!(list(&["deny", "allow"]).fitted(switch).is_err() && list(&[]).fitted(switch).is_err());
    let types = ScopePermission::InitiateCallAllowedType;
    assert_eq!(word("audio").fitted(types), Ok(list(&["audio"])));
    assert_eq!(list(&["audio", "audio"]).fitted(types), Ok(list(&["audio"])), "each once");
    let roles = RolePermission::ListUsersAllowedRoles;
    assert_eq!(list(&["VIP", "vip"]).fitted(roles), Ok(list(&["vip"])), "roles are in lower case");
    let long: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    assert!(Value::List(long).fitted(RolePermission::SendMessageAllowedCustomTypes).is_err());
}

#[test]
fn values_are_read_from_json_and_shown_as_json() {
    for json in [json!("deny"), json!(["a", "b"]), json!([])] {
        assert_eq!(Value::from_json("x", &json).expect("a value").to_json(), json);
    }
    assert_eq!(Value::from_json("x", &json!(null)), Ok(list(&[])));
    for json in [json!(1), json!({}), json!([1])] {
        assert_eq!(Value::from_json("x", &json).expect_err("no value").field, "x");
    }
}

#[test]
fn what_the_catalogue_does_not_know_is_no_right() {
    let rights: Rights<RolePermission> = Rights::of([("later", word("deny")), ("sendMessage", word("later"))]);
    assert_eq!(rights.permit(RolePermission::SendMessage, true), denied(RolePermission::SendMessage));
    assert!(Rights::<RolePermission>::of([("later", word("deny"))]).is_default());
}

#[test]
fn a_filter_is_narrowed_or_refused() {
    let types = RolePermission::ListGroupsAllowedGroupTypes;
    let rights = with(types, list(&["public", "private"]));
    let asked = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(rights.narrow(types, asked(&[])), Ok(asked(&["public", "private"])));
    assert_eq!(rights.narrow(types, asked(&["private"])), Ok(asked(&["private"])));
    assert!(rights.narrow(types, asked(&["private", "password"])).is_err());
    assert_eq!(Rights::default().narrow(types, asked(&["password"])), Ok(asked(&["password"])));
}

#[test]
fn mime_types_are_named_whole_or_by_their_beginning() {
    let mimes = RolePermission::SendMessageAllowedMimeTypes;
    let rights = with(mimes, list(&["image/*", "application/pdf"]));
    for (mime, allowed) in [("image/png", true), ("IMAGE/PNG", true), ("application/pdf", true), ("image", false)] {
        assert_eq!(rights.allow(mimes, mime).is_ok(), allowed, "{mime}");
    }
    assert!(rights.allow(mimes, "application/pdfx").is_err() && rights.allow(mimes, "").is_err());
}

#[test]
fn each_part_of_a_message_is_asked_about() {
    use RolePermission as P;
    let direct = Outgoing { receiver_role: "default", category: "message", kind: "text", ..Default::default() };
    let group = Outgoing { to_group: true, receiver_role: "", ..direct };
    let custom = Outgoing { category: "custom", kind: "poll", ..direct };
    let to_a_friend = Outgoing { friends: true, ..direct };
    // The permission with a value, and which of the four may be sent then.
    let table = [
        (P::SendMessage, word("deny"), [false, false, false, false]),
        (P::SendMessageMode, word("friends"), [false, true, false, true]),
        (P::SendMessageAllowedReceiverTypes, list(&["user"]), [true, false, true, true]),
        (P::SendMessageAllowedReceiverRoles, list(&["vip"]), [false, true, false, false]),
        (P::SendMessageAllowedMessageCategories, list(&["custom"]), [false, false, true, false]),
        (P::SendMessageAllowedMessageTypes, list(&["image"]), [false, false, true, false]),
        (P::SendMessageAllowedCustomTypes, list(&["place"]), [true, true, false, true]),
        (P::EditMessage, word("deny"), [true, true, true, true]),
    ];
    for (permission, value, may) in table {
        let rights = with(permission, value);
        let answers = [direct, group, custom, to_a_friend].map(|message| rights.may_send(&message));
        let wanted = may.map(|may| if may { Ok(()) } else { denied(permission) });
        assert_eq!(answers, wanted, "{permission:?}");
    }
}

#[test]
fn seeing_and_calling_depend_on_friendship_and_role() {
    use RolePermission as P;
    let see = with(P::GetUserDetailsMode, word("friends"));
    assert_eq!((see.may_see(true, "x"), see.may_see(false, "x")), (Ok(()), denied(P::GetUserDetailsMode)));
    let see = with(P::GetUserDetailsAllowedRoles, list(&["vip"]));
    assert_eq!((see.may_see(false, "vip"), see.may_see(true, "x")), (Ok(()), denied(P::GetUserDetailsAllowedRoles)));
    let call = with(P::InitiateCallMode, word("friends"));
    assert_eq!((call.may_call(true, "x"), call.may_call(false, "x")), (Ok(()), denied(P::InitiateCallMode)));
    let call = with(P::InitiateCallAllowedReceiverRoles, list(&["vip"]));
    assert!(call.may_call(false, "vip").is_ok() && call.may_call(true, "x").is_err());
    assert!(with(P::InitiateCall, word("deny")).may_call(true, "x").is_err());
    let mut narrowed = Rights::default();
    narrowed.narrow_to_friends(P::SendMessageMode);
    assert!(narrowed.asks_for_friends(P::SendMessageMode) && !narrowed.asks_for_friends(P::InitiateCallMode));
}

#[test]
fn scopes_send_reply_call_and_list() {
    use ScopePermission as P;
    let quiet = with(P::SendMessage, word("deny"));
    assert_eq!((quiet.may_send(false), quiet.may_send(true)), (denied(P::SendMessage), denied(P::SendMessage)));
    let flat = with(P::SendThreadedMessage, word("deny"));
    assert_eq!((flat.may_send(false), flat.may_send(true)), (Ok(()), denied(P::SendThreadedMessage)));
    let audio = with(P::InitiateCallAllowedType, word("audio"));
    assert!(audio.may_call("audio", false).is_ok() && audio.may_call("video", false).is_err());
    let friends = with(P::InitiateCall, word("friends"));
    assert!(friends.may_call("audio", true).is_ok() && friends.may_call("audio", false).is_err());
    assert_eq!(with(P::ListMembers, word("deny")).narrow_members(&[]), Err(Denied { permission: "listMembers" }));
    let admins = with(P::ListMembersAllowedScopes, list(&["admin"]));
    assert_eq!(admins.narrow_members(&[]), Ok(vec![Scope::Admin]));
    assert!(admins.narrow_members(&[Scope::Participant]).is_err());
    assert_eq!(Rights::default().narrow_members(&[]), Ok(Vec::new()));
}

#[test]
fn there_are_44_features_each_with_a_key_and_calls() {
    assert_eq!(Feature::ALL.len(), 44);
    let mut keys = HashSet::new();
    for feature in Feature::ALL.iter().copied() {
        assert!(keys.insert(feature.key()), "{feature:?}");
        assert_eq!(Feature::parse(feature.key()), Some(feature));
        assert_eq!(Feature::parse(&format!("u.{}", feature.key())), Some(feature));
        assert!(!feature.title().is_empty() && !feature.description().is_empty());
        assert!(!feature.calls().is_empty(), "{feature:?}");
    }
    assert_eq!(Feature::parse("u.u.ban"), None);
}

#[test]
fn every_call_finds_what_can_forbid_it() {
    for feature in Feature::ALL.iter().copied() {
        for call in feature.calls() {
            assert!(gates(call.method, call.path).expect("gates").features.contains(&feature), "{call:?}");
        }
    }
    for permission in RolePermission::ALL.iter().copied() {
        for call in permission.calls() {
            assert!(gates(call.method, call.path).expect("gates").permissions.contains(&permission), "{call:?}");
        }
        let decides_alone = permission.spec().available.contains(&DENY);
        assert_eq!(permission.calls().is_empty(), !decides_alone, "{permission:?}: a switch has calls");
    }
    assert!(gates("POST", "/users").is_none() && gates("PUT", "/users/{uid}").is_none());
}
