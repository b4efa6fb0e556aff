//! Every cell of the table of rights that a call is behind, against `halley_model::rights::may`.

use halley_contracts::groups::v1 as pb;
use halley_kit::PublicError;
use halley_model::{
    ErrorCode,
    rights::{Action, Scope, Standing, may},
};

use crate::support::{
    World, add, ban, change_scope, delete, kick, leave, list_banned, list_members, lists, scope, transfer, unban,
    update,
};

/// Every action that a call is behind.
fn actions() -> Vec<Action> {
    let mut actions = vec![
        Action::ListMembers,
        Action::Leave,
        Action::AddMembers,
        Action::Unban,
        Action::ListBanned,
        Action::UpdateGroup,
        Action::DeleteGroup,
        Action::TransferOwnership,
    ];
    for target in Standing::ALL {
        actions.extend([Action::Kick(target), Action::Ban(target)]);
        actions.extend(Scope::ALL.map(|to| Action::ChangeScope { target, to }));
    }
    actions
}

fn actor(standing: Standing) -> &'static str {
    match standing {
        Standing::NonMember => "stranger",
        Standing::Participant => "participant",
        Standing::Moderator => "moderator",
        Standing::Admin => "admin",
        Standing::Owner => "owner",
    }
}

/// Another user of that standing; there is only one owner.
fn target(standing: Standing) -> &'static str {
    match standing {
        Standing::NonMember => "stranger-2",
        Standing::Participant => "participant-2",
        Standing::Moderator => "moderator-2",
        Standing::Admin => "admin-2",
        Standing::Owner => "owner",
    }
}

fn scope_of(standing: Standing) -> Option<Scope> {
    match standing {
        Standing::NonMember => None,
        Standing::Participant => Some(Scope::Participant),
        Standing::Moderator => Some(Scope::Moderator),
        Standing::Admin | Standing::Owner => Some(Scope::Admin),
    }
}

async fn try_action(world: &World, guid: &str, who: Standing, action: Action) -> Result<(), PublicError> {
    let caller = world.user(actor(who));
    match action {
        Action::ListMembers => world.list_members(&caller, list_members(guid)).await.map(drop),
        Action::Leave => world.leave_group(&caller, leave(guid)).await.map(drop),
        Action::AddMembers => world.add_members(&caller, add(guid, lists(&[], &[], &["new"], &[]))).await.map(drop),
        Action::Unban => world.unban_member(&caller, unban(guid, "banned")).await.map(drop),
        Action::ListBanned => world.list_banned_members(&caller, list_banned(guid)).await.map(drop),
        Action::UpdateGroup => {
            let request = pb::UpdateGroupRequest { name: Some("New".to_owned()), ..update(guid) };
            world.update_group(&caller, request).await.map(drop)
        }
        Action::DeleteGroup => world.delete_group(&caller, delete(guid)).await.map(drop),
        Action::TransferOwnership => world.transfer_ownership(&caller, transfer(guid, "participant-2")).await.map(drop),
        Action::Kick(of) => world.kick_member(&caller, kick(guid, target(of))).await.map(drop),
        Action::Ban(of) => world.ban_member(&caller, ban(guid, target(of))).await.map(drop),
        Action::ChangeScope { target: of, to } => {
            world.change_member_scope(&caller, change_scope(guid, target(of), scope(to))).await.map(drop)
        }
        Action::Send | Action::ReadHistory | Action::ModerateMessages | Action::Pin => unreachable!("messaging's"),
    }
}

/// What a call answers that the table allows: it may still be senseless.
fn allowed(action: Action) -> Result<(), ErrorCode> {
    match action {
        Action::Kick(Standing::NonMember)
        | Action::Ban(Standing::NonMember)
        | Action::ChangeScope { target: Standing::NonMember, .. } => Err(ErrorCode::NotAMember),
        Action::ChangeScope { target, to } if scope_of(target) == Some(to) => Err(ErrorCode::SameScope),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn every_call_is_as_the_table_says() {
    let world = World::new().await;
    let members =
        || lists(&["admin", "admin-2"], &["moderator", "moderator-2"], &["participant", "participant-2"], &["banned"]);
    let mut cells = 0;
    for who in Standing::ALL {
        for action in actions() {
            let at_owner = matches!(
                action,
                Action::Kick(Standing::Owner)
                    | Action::Ban(Standing::Owner)
                    | Action::ChangeScope { target: Standing::Owner, .. }
            );
            if who == Standing::Owner && at_owner {
                // That would be oneself.
                continue;
            }
            let guid = format!("g{cells}");
            let before = world.group_with("owner", &guid, members()).await;
            let wanted = match may(who, action) {
                Ok(()) => allowed(action),
                Err(denial) => Err(denial.code()),
            };
            let outcome = try_action(&world, &guid, who, action).await;
            assert_eq!(outcome.map_err(|error| error.code), wanted, "{who:?} {action:?}");
            if wanted.is_err() {
                assert_eq!(world.group(&guid).await, before, "{who:?} {action:?} was refused and did something");
                assert_eq!(world.members(&guid).await.len(), 7, "{who:?} {action:?}");
            }
            cells += 1;
        }
    }
    assert_eq!(cells, 5 * 33 - 5);
    world.assert_counts().await;
}

#[tokio::test]
async fn acting_on_oneself_is_refused_to_everybody() {
    let world = World::new().await;
    world.group_with("owner", "room", lists(&["admin"], &["moderator"], &["participant"], &[])).await;
    for who in Standing::ALL {
        let (caller, uid) = (world.user(actor(who)), actor(who));
        let outcomes = [
            world.kick_member(&caller, kick("room", uid)).await.map(drop),
            world.ban_member(&caller, ban("room", uid)).await.map(drop),
            world.change_member_scope(&caller, change_scope("room", uid, pb::MemberScope::Moderator)).await.map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.expect_err("refused").code, ErrorCode::GroupNoSelfAction, "{who:?}");
        }
    }
}

#[tokio::test]
async fn an_api_key_on_behalf_of_a_user_has_the_users_rights() {
    let world = World::new().await;
    world.group_with("owner", "room", lists(&[], &[], &["participant"], &["banned"])).await;
    let code = |outcome: Result<(), PublicError>| outcome.expect_err("refused").code;
    let participant = world.key("participant");
    assert_eq!(code(world.delete_group(&participant, delete("room")).await.map(drop)), ErrorCode::GroupNoClearance);
    let stranger = world.key("stranger");
    assert_eq!(code(world.list_members(&stranger, list_members("room")).await.map(drop)), ErrorCode::GroupNotJoined);
    assert_eq!(code(world.unban_member(&stranger, unban("room", "banned")).await.map(drop)), ErrorCode::GroupNotJoined);
    world.delete_group(&world.key("owner"), delete("room")).await.unwrap();
}

#[tokio::test]
async fn only_the_app_imports() {
    let world = World::new().await;
    for caller in [world.user("ann"), world.key("ann")] {
        let groups = world.import_groups(&caller, pb::ImportGroupsRequest::default()).await.map(drop);
        let members = world.import_members(&caller, pb::ImportMembersRequest::default()).await.map(drop);
        for outcome in [groups, members] {
            assert_eq!(outcome.expect_err("refused").code, ErrorCode::PermissionDenied);
        }
    }
}
