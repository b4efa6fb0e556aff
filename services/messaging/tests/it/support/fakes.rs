//! The identity and groups services, as far as messaging asks them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use halley_contracts::{
    common::v1::{PageInfo, PermissionValue},
    groups::v1::{self as groups, Group, groups_service_server::GroupsService},
    identity::v1::{self as identity, User, identity_service_server::IdentityService},
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

/// An impl of a generated trait whose other calls are not part of the fake.
macro_rules! fake {
    ($pb:ident, $service:ident for $fake:ident { $($real:tt)* } without { $($name:ident($request:ident) -> $response:ident;)* }) => {
        #[tonic::async_trait]
        impl $service for $fake {
            $($real)*
            $(async fn $name(&self, _: Request<$pb::$request>) -> Result<Response<$pb::$response>, Status> {
                Err(Status::unimplemented(stringify!($name)))
            })*
        }
    };
}

#[derive(Default)]
pub struct FakeIdentity {
    pub users: Mutex<BTreeMap<String, User>>,
    /// Who blocks whom.
    pub blocks: Mutex<HashSet<(String, String)>>,
    /// Whose friends, one way round.
    pub friends: Mutex<HashSet<(String, String)>>,
    /// Calls so far.
    pub asked: AtomicUsize,
}

impl FakeIdentity {
    pub fn add_user(&self, uid: &str) {
        let user = User { uid: uid.to_owned(), name: format!("Name of {uid}"), created_at_ms: 1, ..Default::default() };
        self.users.lock().unwrap().insert(uid.to_owned(), user);
    }

    pub fn block(&self, uid: &str, other: &str) {
        self.blocks.lock().unwrap().insert((uid.to_owned(), other.to_owned()));
    }

    fn blocks(&self, uid: &str, other: &str) -> i64 {
        i64::from(self.blocks.lock().unwrap().contains(&(uid.to_owned(), other.to_owned())))
    }
}

fake! {
    identity, IdentityService for FakeIdentity {
        async fn batch_get_users(
            &self,
            request: Request<identity::BatchGetUsersRequest>,
        ) -> Result<Response<identity::BatchGetUsersResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let users = self.users.lock().unwrap();
            let found = request.into_inner().uids.iter().filter_map(|uid| users.get(uid).cloned()).collect();
            Ok(Response::new(identity::BatchGetUsersResponse { users: found }))
        }

        async fn get_relation(
            &self,
            request: Request<identity::GetRelationRequest>,
        ) -> Result<Response<identity::GetRelationResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let identity::GetRelationRequest { uid, other_uid } = request.into_inner();
            Ok(Response::new(identity::GetRelationResponse {
                blocked_at_ms: self.blocks(&uid, &other_uid),
                blocked_by_other_at_ms: self.blocks(&other_uid, &uid),
                friends: false,
            }))
        }

        async fn list_friends(
            &self,
            request: Request<identity::ListFriendsRequest>,
        ) -> Result<Response<identity::ListFriendsResponse>, Status> {
            let uid = request.into_inner().uid;
            let friends = self.friends.lock().unwrap();
            let users = friends
                .iter()
                .filter(|(of, _)| *of == uid)
                .map(|(_, other)| User { uid: other.clone(), ..Default::default() });
            Ok(Response::new(identity::ListFriendsResponse { users: users.collect(), ..Default::default() }))
        }

        async fn list_blocked_users(
            &self,
            request: Request<identity::ListBlockedUsersRequest>,
        ) -> Result<Response<identity::ListBlockedUsersResponse>, Status> {
            let uid = request.into_inner().uid;
            let blocks = self.blocks.lock().unwrap();
            let users = blocks.iter().filter(|(by, _)| *by == uid).map(|(_, other)| identity::BlockedUser {
                user: Some(User { uid: other.clone(), ..Default::default() }),
                ..Default::default()
            });
            let page = Some(PageInfo { total_pages: 1, ..Default::default() });
            Ok(Response::new(identity::ListBlockedUsersResponse { users: users.collect(), page, ..Default::default() }))
        }
    } without {
        create_user(CreateUserRequest) -> CreateUserResponse;
        get_user(GetUserRequest) -> GetUserResponse;
        list_users(ListUsersRequest) -> ListUsersResponse;
        update_user(UpdateUserRequest) -> UpdateUserResponse;
        deactivate_users(DeactivateUsersRequest) -> DeactivateUsersResponse;
        reactivate_users(ReactivateUsersRequest) -> ReactivateUsersResponse;
        delete_user(DeleteUserRequest) -> DeleteUserResponse;
        import_users(ImportUsersRequest) -> ImportUsersResponse;
        touch_users(TouchUsersRequest) -> TouchUsersResponse;
        create_bot(CreateBotRequest) -> CreateBotResponse;
        delete_bot(DeleteBotRequest) -> DeleteBotResponse;
        list_bots(ListBotsRequest) -> ListBotsResponse;
        create_role(CreateRoleRequest) -> CreateRoleResponse;
        get_role(GetRoleRequest) -> GetRoleResponse;
        list_roles(ListRolesRequest) -> ListRolesResponse;
        update_role(UpdateRoleRequest) -> UpdateRoleResponse;
        delete_role(DeleteRoleRequest) -> DeleteRoleResponse;
        get_role_rights(GetRoleRightsRequest) -> GetRoleRightsResponse;
        set_role_permissions(SetRolePermissionsRequest) -> SetRolePermissionsResponse;
        unset_role_permission(UnsetRolePermissionRequest) -> UnsetRolePermissionResponse;
        restrict_features(RestrictFeaturesRequest) -> RestrictFeaturesResponse;
        allow_features(AllowFeaturesRequest) -> AllowFeaturesResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
        add_friends(AddFriendsRequest) -> AddFriendsResponse;
        remove_friends(RemoveFriendsRequest) -> RemoveFriendsResponse;
        block_users(BlockUsersRequest) -> BlockUsersResponse;
        unblock_users(UnblockUsersRequest) -> UnblockUsersResponse;
    }
}

pub struct FakeGroups {
    pub groups: Mutex<BTreeMap<String, Group>>,
    /// guid and uid.
    pub members: Mutex<HashSet<(String, String)>>,
    pub banned: Mutex<HashSet<(String, String)>>,
    /// By guid and uid; who has none is a participant.
    pub scopes: Mutex<HashMap<(String, String), groups::MemberScope>>,
    /// What is set, by guid and scope.
    pub permissions: Mutex<HashMap<(String, groups::MemberScope), Vec<PermissionValue>>>,
    /// Calls of `GetScopePermissions` so far.
    pub asked_permissions: AtomicUsize,
    /// Calls of `GetMembership` so far.
    pub asked: AtomicUsize,
    /// An answer of `GetMembership`, once known, waits for a permit.
    pub answers: Semaphore,
}

impl Default for FakeGroups {
    fn default() -> Self {
        Self {
            groups: Mutex::default(),
            members: Mutex::default(),
            banned: Mutex::default(),
            scopes: Mutex::default(),
            permissions: Mutex::default(),
            asked_permissions: AtomicUsize::default(),
            asked: AtomicUsize::default(),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl FakeGroups {
    pub fn add_group(&self, guid: &str, uids: &[&str]) {
        let group = Group {
            guid: guid.to_owned(),
            name: format!("Name of {guid}"),
            members_count: i32::try_from(uids.len()).unwrap(),
            created_at_ms: 1,
            ..Default::default()
        };
        self.groups.lock().unwrap().insert(guid.to_owned(), group);
        self.members.lock().unwrap().extend(uids.iter().map(|uid| (guid.to_owned(), (*uid).to_owned())));
    }

    pub fn add_member(&self, guid: &str, uid: &str) {
        self.members.lock().unwrap().insert((guid.to_owned(), uid.to_owned()));
    }

    pub fn remove_member(&self, guid: &str, uid: &str) {
        self.members.lock().unwrap().remove(&(guid.to_owned(), uid.to_owned()));
    }
}

fake! {
    groups, GroupsService for FakeGroups {
        async fn batch_get_groups(
            &self,
            request: Request<groups::BatchGetGroupsRequest>,
        ) -> Result<Response<groups::BatchGetGroupsResponse>, Status> {
            let groups = self.groups.lock().unwrap();
            let found = request.into_inner().guids.iter().filter_map(|guid| groups.get(guid).cloned()).collect();
            Ok(Response::new(groups::BatchGetGroupsResponse { groups: found, own: Vec::new() }))
        }

        async fn get_membership(
            &self,
            request: Request<groups::GetMembershipRequest>,
        ) -> Result<Response<groups::GetMembershipResponse>, Status> {
            let groups::GetMembershipRequest { guid, uid } = request.into_inner();
            let group = self.groups.lock().unwrap().get(&guid).cloned();
            let group = group.ok_or_else(|| PublicError::new(ErrorCode::GuidNotFound, "no such group").to_status())?;
            let place = (guid.clone(), uid.clone());
            let is_member = self.members.lock().unwrap().contains(&place);
            let scope = self.scopes.lock().unwrap().get(&place).copied().unwrap_or_default().into();
            let answer = groups::GetMembershipResponse {
                group: Some(group),
                member: is_member.then_some(groups::Member { guid, uid, scope, ..Default::default() }),
                banned: self.banned.lock().unwrap().contains(&place),
            };
            self.asked.fetch_add(1, Ordering::SeqCst);
            let permit = self.answers.acquire().await.map_err(|_| Status::unavailable("the fake has ended"))?;
            drop(permit);
            Ok(Response::new(answer))
        }

        async fn list_members(
            &self,
            request: Request<groups::ListMembersRequest>,
        ) -> Result<Response<groups::ListMembersResponse>, Status> {
            let request = request.into_inner();
            let members = self.members.lock().unwrap();
            let scopes = self.scopes.lock().unwrap();
            let known = members.iter().filter(|(guid, uid)| *guid == request.guid && request.uids.contains(uid));
            let scoped = known.map(|place| groups::Member {
                guid: place.0.clone(),
                uid: place.1.clone(),
                scope: scopes.get(place).copied().unwrap_or(groups::MemberScope::Participant).into(),
                ..Default::default()
            });
            let members = scoped.filter(|member| request.scopes.contains(&member.scope)).collect();
            Ok(Response::new(groups::ListMembersResponse { members, ..Default::default() }))
        }

        async fn get_scope_permissions(
            &self,
            request: Request<groups::GetScopePermissionsRequest>,
        ) -> Result<Response<groups::GetScopePermissionsResponse>, Status> {
            self.asked_permissions.fetch_add(1, Ordering::SeqCst);
            let guid = request.into_inner().guid;
            let permissions = self.permissions.lock().unwrap();
            let scopes = permissions.iter().filter(|((of, _), _)| *of == guid).map(|((_, scope), values)| {
                groups::ScopePermissions { scope: (*scope).into(), permissions: values.clone() }
            });
            Ok(Response::new(groups::GetScopePermissionsResponse { scopes: scopes.collect(), ..Default::default() }))
        }
    } without {
        create_group(CreateGroupRequest) -> CreateGroupResponse;
        get_group(GetGroupRequest) -> GetGroupResponse;
        list_groups(ListGroupsRequest) -> ListGroupsResponse;
        update_group(UpdateGroupRequest) -> UpdateGroupResponse;
        delete_group(DeleteGroupRequest) -> DeleteGroupResponse;
        transfer_ownership(TransferOwnershipRequest) -> TransferOwnershipResponse;
        join_group(JoinGroupRequest) -> JoinGroupResponse;
        leave_group(LeaveGroupRequest) -> LeaveGroupResponse;
        add_members(AddMembersRequest) -> AddMembersResponse;
        change_member_scope(ChangeMemberScopeRequest) -> ChangeMemberScopeResponse;
        kick_member(KickMemberRequest) -> KickMemberResponse;
        ban_member(BanMemberRequest) -> BanMemberResponse;
        unban_member(UnbanMemberRequest) -> UnbanMemberResponse;
        list_banned_members(ListBannedMembersRequest) -> ListBannedMembersResponse;
        list_joined_guids(ListJoinedGuidsRequest) -> ListJoinedGuidsResponse;
        set_scope_permissions(SetScopePermissionsRequest) -> SetScopePermissionsResponse;
        unset_scope_permission(UnsetScopePermissionRequest) -> UnsetScopePermissionResponse;
        import_groups(ImportGroupsRequest) -> ImportGroupsResponse;
        import_members(ImportMembersRequest) -> ImportMembersResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
    }
}
