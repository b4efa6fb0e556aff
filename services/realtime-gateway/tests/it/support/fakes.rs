//! The other services, as far as a gateway asks them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use halley_contracts::{
    auth::v1::{
        self as auth, auth_service_server::AuthService, authenticate_request::Credential,
        authenticate_response::Principal,
    },
    common::v1::{PageInfo, UserPrincipal},
    groups::v1::{self as groups, groups_service_server::GroupsService},
    identity::v1::{self as identity, User, identity_service_server::IdentityService},
    messaging::v1::{
        self as messaging, CallPeer, Message, calls_service_server::CallsService,
        messaging_service_server::MessagingService,
    },
};
use halley_kit::{Caller, PublicError};
use halley_model::ErrorCode;
use tokio::sync::watch;
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

/// Lets calls through, or holds them while it is shut.
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Gate {
    /// Holds the calls from now on.
    pub fn shut(&self) {
        self.0.send_replace(false);
    }

    /// Lets all through again.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn pass(&self) -> Result<(), Status> {
        let mut is_open = self.0.subscribe();
        let passed = is_open.wait_for(|is_open| *is_open).await;
        passed.map(drop).map_err(|_| Status::unavailable("the fake has ended"))
    }
}

#[derive(Default)]
pub struct FakeAuth {
    /// By app id and session token.
    pub sessions: Mutex<HashMap<(String, String), UserPrincipal>>,
    pub is_down: AtomicBool,
    /// Of every app, as JSON.
    pub settings: Mutex<String>,
}

fake! {
    auth, AuthService for FakeAuth {
        async fn authenticate(
            &self,
            request: Request<auth::AuthenticateRequest>,
        ) -> Result<Response<auth::AuthenticateResponse>, Status> {
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            let request = request.into_inner();
            let Some(Credential::SessionToken(token)) = request.credential else { panic!("only session tokens") };
            let user = self.sessions.lock().unwrap().get(&(request.app_id, token)).cloned();
            let refusal = || PublicError::new(ErrorCode::AuthTokenNotValid, "wrong").to_status();
            let principal = Some(Principal::User(user.ok_or_else(refusal)?));
            Ok(Response::new(auth::AuthenticateResponse { principal }))
        }

        async fn get_app(&self, _: Request<auth::GetAppRequest>) -> Result<Response<auth::GetAppResponse>, Status> {
            let app = auth::App { settings_json: self.settings.lock().unwrap().clone(), ..Default::default() };
            Ok(Response::new(auth::GetAppResponse { app: Some(app) }))
        }
    } without {
        create_app(CreateAppRequest) -> CreateAppResponse;
        list_apps(ListAppsRequest) -> ListAppsResponse;
        list_removed_apps(ListRemovedAppsRequest) -> ListRemovedAppsResponse;
        update_app(UpdateAppRequest) -> UpdateAppResponse;
        create_api_key(CreateApiKeyRequest) -> CreateApiKeyResponse;
        list_api_keys(ListApiKeysRequest) -> ListApiKeysResponse;
        get_api_key(GetApiKeyRequest) -> GetApiKeyResponse;
        update_api_key(UpdateApiKeyRequest) -> UpdateApiKeyResponse;
        delete_api_key(DeleteApiKeyRequest) -> DeleteApiKeyResponse;
        create_auth_token(CreateAuthTokenRequest) -> CreateAuthTokenResponse;
        list_auth_tokens(ListAuthTokensRequest) -> ListAuthTokensResponse;
        get_auth_token(GetAuthTokenRequest) -> GetAuthTokenResponse;
        update_auth_token(UpdateAuthTokenRequest) -> UpdateAuthTokenResponse;
        delete_auth_token(DeleteAuthTokenRequest) -> DeleteAuthTokenResponse;
        flush_auth_tokens(FlushAuthTokensRequest) -> FlushAuthTokensResponse;
        start_session(StartSessionRequest) -> StartSessionResponse;
        create_operator(CreateOperatorRequest) -> CreateOperatorResponse;
        authenticate_operator(AuthenticateOperatorRequest) -> AuthenticateOperatorResponse;
        list_operators(ListOperatorsRequest) -> ListOperatorsResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
    }
}

#[derive(Default)]
pub struct FakeIdentity {
    /// Uids in the order in which they were last seen.
    pub touched: Mutex<Vec<String>>,
    /// Everybody else exists.
    pub unknown: Mutex<HashSet<String>>,
    /// By uid, of those who have one.
    pub roles: Mutex<HashMap<String, String>>,
    /// Who has blocked whom.
    pub blocks: Mutex<HashSet<(String, String)>>,
    /// By role; others permit everything.
    pub rights: Mutex<HashMap<String, identity::GetRoleRightsResponse>>,
    /// Both directions.
    pub friends: Mutex<HashSet<(String, String)>>,
    /// Calls of `GetRelation` and `BatchGetUsers` so far.
    pub asked: AtomicUsize,
    /// Where an answer of `ListFriends`, once known, waits.
    pub lists: Gate,
    pub is_down: AtomicBool,
}

impl FakeIdentity {
    pub fn befriend(&self, a: &str, b: &str) {
        self.friends.lock().unwrap().extend([(a.to_owned(), b.to_owned()), (b.to_owned(), a.to_owned())]);
    }

    pub fn part(&self, a: &str, b: &str) {
        let is_between =
            |pair: &(String, String)| [pair.0.as_str(), &pair.1] == [a, b] || [pair.0.as_str(), &pair.1] == [b, a];
        self.friends.lock().unwrap().retain(|pair| !is_between(pair));
    }
}

fake! {
    identity, IdentityService for FakeIdentity {
        async fn batch_get_users(
            &self,
            request: Request<identity::BatchGetUsersRequest>,
        ) -> Result<Response<identity::BatchGetUsersResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let (unknown, roles) = (self.unknown.lock().unwrap(), self.roles.lock().unwrap());
            let role = |uid: &str| roles.get(uid).cloned().unwrap_or_default();
            let user = |uid: String| User { name: format!("Name of {uid}"), role: role(&uid), uid, ..Default::default() };
            let uids = request.into_inner().uids.into_iter();
            let users = uids.filter(|uid| !unknown.contains(uid)).map(user).collect();
            Ok(Response::new(identity::BatchGetUsersResponse { users }))
        }

        async fn get_user(
            &self,
            request: Request<identity::GetUserRequest>,
        ) -> Result<Response<identity::GetUserResponse>, Status> {
            let uid = request.into_inner().uid;
            if self.unknown.lock().unwrap().contains(&uid) {
                return Err(PublicError::new(ErrorCode::UidNotFound, "nobody").to_status());
            }
            let role = self.roles.lock().unwrap().get(&uid).cloned().unwrap_or_else(|| "default".to_owned());
            Ok(Response::new(identity::GetUserResponse { user: Some(User { uid, role, ..Default::default() }) }))
        }

        async fn get_role_rights(
            &self,
            request: Request<identity::GetRoleRightsRequest>,
        ) -> Result<Response<identity::GetRoleRightsResponse>, Status> {
            let role = request.into_inner().role;
            Ok(Response::new(self.rights.lock().unwrap().get(&role).cloned().unwrap_or_default()))
        }

        async fn touch_users(
            &self,
            request: Request<identity::TouchUsersRequest>,
        ) -> Result<Response<identity::TouchUsersResponse>, Status> {
            self.touched.lock().unwrap().extend(request.into_inner().uids);
            Ok(Response::new(identity::TouchUsersResponse {}))
        }

        async fn get_relation(
            &self,
            request: Request<identity::GetRelationRequest>,
        ) -> Result<Response<identity::GetRelationResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            let identity::GetRelationRequest { uid, other_uid } = request.into_inner();
            let (there, back) = ((uid.clone(), other_uid.clone()), (other_uid, uid));
            let blocks = self.blocks.lock().unwrap();
            Ok(Response::new(identity::GetRelationResponse {
                blocked_at_ms: i64::from(blocks.contains(&there)),
                blocked_by_other_at_ms: i64::from(blocks.contains(&back)),
                friends: self.friends.lock().unwrap().contains(&there),
            }))
        }

        async fn list_friends(
            &self,
            request: Request<identity::ListFriendsRequest>,
        ) -> Result<Response<identity::ListFriendsResponse>, Status> {
            let uid = request.into_inner().uid;
            let friends = self.friends.lock().unwrap().clone();
            let users: Vec<User> = friends
                .into_iter()
                .filter(|(of, _)| *of == uid)
                .map(|(_, uid)| User { uid, ..Default::default() })
                .collect();
            let page = Some(PageInfo { total: i64::try_from(users.len()).unwrap(), ..Default::default() });
            self.lists.pass().await?;
            Ok(Response::new(identity::ListFriendsResponse { users, page, ..Default::default() }))
        }
    } without {
        create_user(CreateUserRequest) -> CreateUserResponse;
        list_users(ListUsersRequest) -> ListUsersResponse;
        update_user(UpdateUserRequest) -> UpdateUserResponse;
        deactivate_users(DeactivateUsersRequest) -> DeactivateUsersResponse;
        reactivate_users(ReactivateUsersRequest) -> ReactivateUsersResponse;
        delete_user(DeleteUserRequest) -> DeleteUserResponse;
        import_users(ImportUsersRequest) -> ImportUsersResponse;
        create_bot(CreateBotRequest) -> CreateBotResponse;
        delete_bot(DeleteBotRequest) -> DeleteBotResponse;
        list_bots(ListBotsRequest) -> ListBotsResponse;
        create_role(CreateRoleRequest) -> CreateRoleResponse;
        get_role(GetRoleRequest) -> GetRoleResponse;
        list_roles(ListRolesRequest) -> ListRolesResponse;
        update_role(UpdateRoleRequest) -> UpdateRoleResponse;
        delete_role(DeleteRoleRequest) -> DeleteRoleResponse;
        set_role_permissions(SetRolePermissionsRequest) -> SetRolePermissionsResponse;
        unset_role_permission(UnsetRolePermissionRequest) -> UnsetRolePermissionResponse;
        restrict_features(RestrictFeaturesRequest) -> RestrictFeaturesResponse;
        allow_features(AllowFeaturesRequest) -> AllowFeaturesResponse;
        add_friends(AddFriendsRequest) -> AddFriendsResponse;
        remove_friends(RemoveFriendsRequest) -> RemoveFriendsResponse;
        block_users(BlockUsersRequest) -> BlockUsersResponse;
        unblock_users(UnblockUsersRequest) -> UnblockUsersResponse;
        list_blocked_users(ListBlockedUsersRequest) -> ListBlockedUsersResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
    }
}

#[derive(Default)]
pub struct FakeGroups {
    /// guid and uid.
    pub members: Mutex<HashSet<(String, String)>>,
    /// Calls of `ListJoinedGuids` so far.
    pub asked: AtomicUsize,
    /// Where an answer of `ListJoinedGuids`, once known, waits.
    pub answers: Gate,
}

impl FakeGroups {
    pub fn add(&self, guid: &str, uids: &[&str]) {
        self.members.lock().unwrap().extend(uids.iter().map(|uid| (guid.to_owned(), (*uid).to_owned())));
    }

    pub fn remove(&self, guid: &str, uid: &str) {
        self.members.lock().unwrap().remove(&(guid.to_owned(), uid.to_owned()));
    }
}

fake! {
    groups, GroupsService for FakeGroups {
        async fn list_joined_guids(
            &self,
            request: Request<groups::ListJoinedGuidsRequest>,
        ) -> Result<Response<groups::ListJoinedGuidsResponse>, Status> {
            let uid = request.into_inner().uid;
            let members = self.members.lock().unwrap().clone();
            let guids = members.into_iter().filter(|(_, of)| *of == uid).map(|(guid, _)| guid).collect();
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.answers.pass().await?;
            Ok(Response::new(groups::ListJoinedGuidsResponse { guids }))
        }

        async fn list_members(
            &self,
            request: Request<groups::ListMembersRequest>,
        ) -> Result<Response<groups::ListMembersResponse>, Status> {
            let request = request.into_inner();
            let members = self.members.lock().unwrap();
            let is_wanted = |uid: &String| members.contains(&(request.guid.clone(), uid.clone()));
            let total = request.uids.iter().filter(|uid| is_wanted(uid)).count();
            let page = Some(PageInfo { total: i64::try_from(total).unwrap(), ..Default::default() });
            Ok(Response::new(groups::ListMembersResponse { page, ..Default::default() }))
        }
    } without {
        create_group(CreateGroupRequest) -> CreateGroupResponse;
        get_group(GetGroupRequest) -> GetGroupResponse;
        batch_get_groups(BatchGetGroupsRequest) -> BatchGetGroupsResponse;
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
        get_membership(GetMembershipRequest) -> GetMembershipResponse;
        get_scope_permissions(GetScopePermissionsRequest) -> GetScopePermissionsResponse;
        set_scope_permissions(SetScopePermissionsRequest) -> SetScopePermissionsResponse;
        unset_scope_permission(UnsetScopePermissionRequest) -> UnsetScopePermissionResponse;
        import_groups(ImportGroupsRequest) -> ImportGroupsResponse;
        import_members(ImportMembersRequest) -> ImportMembersResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
    }
}

/// A receipt as messaging got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub read: bool,
    pub app_id: String,
    pub uid: String,
    pub with_type: i32,
    pub with: String,
    pub message_id: i64,
    pub device_id: String,
}

#[derive(Default)]
pub struct FakeMessaging {
    /// What can be fetched, by receiver and sequence number.
    pub history: Mutex<BTreeMap<(String, i64), Message>>,
    /// Calls of `ListMessages` so far.
    pub asked: AtomicUsize,
    pub is_down: AtomicBool,
    pub marked: Mutex<Vec<Marked>>,
    /// What sockets are told that they missed; the answer to all but the first question of a token.
    pub missed: Mutex<messaging::ResumeResponse>,
    pub resumed_from: Mutex<Vec<messaging::ResumeRequest>>,
    /// Where receipts wait.
    pub marks: Gate,
    /// What is stored, with its app, in its order.
    pub stored: Mutex<Vec<(String, messaging::SendMessageRequest)>>,
    /// Why nothing is stored.
    pub refusal: Mutex<Option<PublicError>>,
    /// Where messages wait before they are stored.
    pub stores: Gate,
    /// Where answers wait when they are stored.
    pub answers: Gate,
}

impl FakeMessaging {
    /// Once for a muid of a sender.
    fn store(&self, app_id: &str, request: &messaging::SendMessageRequest) -> Message {
        let mut stored = self.stored.lock().unwrap();
        let is_it = |known: &messaging::SendMessageRequest| {
            (&known.sender_uid, &known.muid) == (&request.sender_uid, &request.muid)
        };
        let at = stored.iter().position(|(app, known)| app == app_id && is_it(known)).unwrap_or(stored.len());
        if at == stored.len() {
            stored.push((app_id.to_owned(), request.clone()));
        }
        let (place, request) = (i64::try_from(at).unwrap() + 1, stored[at].1.clone());
        Message {
            id: place,
            sequence: place,
            muid: request.muid,
            sender_uid: request.sender_uid,
            receiver_type: request.receiver_type,
            receiver: request.receiver,
            category: request.category,
            r#type: request.r#type,
            data_json: request.data_json,
            ..Default::default()
        }
    }

    /// The muids of what is stored.
    pub fn muids(&self) -> Vec<String> {
        self.stored.lock().unwrap().iter().map(|(_, request)| request.muid.clone()).collect()
    }

    async fn mark(&self, marked: Marked) -> Result<i64, Status> {
        self.marks.pass().await?;
        let message_id = marked.message_id;
        self.marked.lock().unwrap().push(marked);
        Ok(message_id)
    }
}

fake! {
    messaging, MessagingService for FakeMessaging {
        async fn list_messages(
            &self,
            request: Request<messaging::ListMessagesRequest>,
        ) -> Result<Response<messaging::ListMessagesResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            let request = request.into_inner();
            assert_eq!(request.direction(), messaging::Direction::Append);
            let after = (request.with.clone(), request.cursor_sequence + 1);
            let history = self.history.lock().unwrap();
            let found = history.range(after..).take_while(|((with, _), _)| *with == request.with);
            let messages = found.map(|(_, message)| message.clone()).collect();
            Ok(Response::new(messaging::ListMessagesResponse { messages, has_more: false }))
        }

        async fn send_message(
            &self,
            request: Request<messaging::SendMessageRequest>,
        ) -> Result<Response<messaging::SendMessageResponse>, Status> {
            let caller = Caller::of(&request)?;
            assert!(caller.is_logged_in_user());
            let request = request.into_inner();
            assert_eq!(caller.require_uid()?, request.sender_uid);
            self.stores.pass().await?;
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            if let Some(refusal) = self.refusal.lock().unwrap().as_ref() {
                return Err(refusal.to_status());
            }
            let message = self.store(caller.app_id(), &request);
            self.answers.pass().await?;
            Ok(Response::new(messaging::SendMessageResponse { message: Some(message), repeated_muid: false }))
        }

        async fn resume(
            &self,
            request: Request<messaging::ResumeRequest>,
        ) -> Result<Response<messaging::ResumeResponse>, Status> {
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            Caller::of(&request)?.require_uid()?;
            let request = request.into_inner();
            let first = messaging::ResumeResponse { token: "first".to_owned(), ..Default::default() };
            let missed = self.missed.lock().unwrap().clone();
            let answer = if request.token.is_empty() { first } else { missed };
            self.resumed_from.lock().unwrap().push(request);
            Ok(Response::new(answer))
        }

        async fn mark_read(
            &self,
            request: Request<messaging::MarkReadRequest>,
        ) -> Result<Response<messaging::MarkReadResponse>, Status> {
            let caller = Caller::of(&request)?;
            let messaging::MarkReadRequest { with_type, with, message_id, device_id } = request.into_inner();
            let (app_id, uid) = (caller.app_id().to_owned(), caller.require_uid()?.to_owned());
            let marked = Marked { read: true, app_id, uid, with_type, with, message_id, device_id };
            Ok(Response::new(messaging::MarkReadResponse { message_id: self.mark(marked).await? }))
        }

        async fn mark_delivered(
            &self,
            request: Request<messaging::MarkDeliveredRequest>,
        ) -> Result<Response<messaging::MarkDeliveredResponse>, Status> {
            let caller = Caller::of(&request)?;
            let messaging::MarkDeliveredRequest { with_type, with, message_id, device_id } = request.into_inner();
            let (app_id, uid) = (caller.app_id().to_owned(), caller.require_uid()?.to_owned());
            let marked = Marked { read: false, app_id, uid, with_type, with, message_id, device_id };
            Ok(Response::new(messaging::MarkDeliveredResponse { message_id: self.mark(marked).await? }))
        }
    } without {
        get_message(GetMessageRequest) -> GetMessageResponse;
        edit_message(EditMessageRequest) -> EditMessageResponse;
        delete_message(DeleteMessageRequest) -> DeleteMessageResponse;
        add_reaction(AddReactionRequest) -> AddReactionResponse;
        remove_reaction(RemoveReactionRequest) -> RemoveReactionResponse;
        list_reactions(ListReactionsRequest) -> ListReactionsResponse;
        pin_message(PinMessageRequest) -> PinMessageResponse;
        unpin_message(UnpinMessageRequest) -> UnpinMessageResponse;
        save_message(SaveMessageRequest) -> SaveMessageResponse;
        unsave_message(UnsaveMessageRequest) -> UnsaveMessageResponse;
        list_conversations(ListConversationsRequest) -> ListConversationsResponse;
        get_conversation(GetConversationRequest) -> GetConversationResponse;
        update_conversation(UpdateConversationRequest) -> UpdateConversationResponse;
        reset_conversation(ResetConversationRequest) -> ResetConversationResponse;
        mark_unread(MarkUnreadRequest) -> MarkUnreadResponse;
        count_unread(CountUnreadRequest) -> CountUnreadResponse;
        mark_interacted(MarkInteractedRequest) -> MarkInteractedResponse;
        list_threads(ListThreadsRequest) -> ListThreadsResponse;
        subscribe_thread(SubscribeThreadRequest) -> SubscribeThreadResponse;
        unsubscribe_thread(UnsubscribeThreadRequest) -> UnsubscribeThreadResponse;
        pin_conversation(PinConversationRequest) -> PinConversationResponse;
        unpin_conversation(UnpinConversationRequest) -> UnpinConversationResponse;
        list_system_pins(ListSystemPinsRequest) -> ListSystemPinsResponse;
        replace_system_pins(ReplaceSystemPinsRequest) -> ReplaceSystemPinsResponse;
        open_conversations(OpenConversationsRequest) -> OpenConversationsResponse;
        record_membership(RecordMembershipRequest) -> RecordMembershipResponse;
        import_messages(ImportMessagesRequest) -> ImportMessagesResponse;
        count_messages(CountMessagesRequest) -> CountMessagesResponse;
        export_user(ExportUserRequest) -> ExportUserResponse;
        list_erased_files(ListErasedFilesRequest) -> ListErasedFilesResponse;
        forget_erased_files(ForgetErasedFilesRequest) -> ForgetErasedFilesResponse;
    }
}

/// The group, if it is a group's call, and who is in it.
pub type FakeCall = (String, Vec<CallPeer>);

/// Who is in a call.
#[derive(Default)]
pub struct FakeCalls {
    /// By app and session.
    pub calls: Mutex<HashMap<(String, String), FakeCall>>,
    /// Those that are over.
    pub over: Mutex<HashSet<String>>,
    /// Calls of `ListCallPeers` so far.
    pub asked: AtomicUsize,
    pub is_down: AtomicBool,
}

impl FakeCalls {
    /// Puts users' devices into a call.
    pub fn add(&self, app: &str, session_id: &str, guid: &str, peers: &[(&str, &str)]) {
        let peers = peers.iter().map(|(uid, device_id)| CallPeer {
            uid: (*uid).to_owned(),
            device_id: (*device_id).to_owned(),
            ..Default::default()
        });
        let key = (app.to_owned(), session_id.to_owned());
        self.calls.lock().unwrap().insert(key, (guid.to_owned(), peers.collect()));
    }
}

fake! {
    messaging, CallsService for FakeCalls {
        async fn list_call_peers(
            &self,
            request: Request<messaging::ListCallPeersRequest>,
        ) -> Result<Response<messaging::ListCallPeersResponse>, Status> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Status::unavailable("down"));
            }
            let app = Caller::of(&request)?.app_id().to_owned();
            let session_id = request.into_inner().session_id;
            let refusal = |code| PublicError::new(code, "no").to_status();
            if self.over.lock().unwrap().contains(&session_id) {
                return Err(refusal(ErrorCode::CallTerminated));
            }
            let found = self.calls.lock().unwrap().get(&(app, session_id)).cloned();
            let (guid, peers) = found.ok_or_else(|| refusal(ErrorCode::CallSessionNotFound))?;
            Ok(Response::new(messaging::ListCallPeersResponse { guid, peers }))
        }
    } without {
        initiate_call(InitiateCallRequest) -> InitiateCallResponse;
        update_call(UpdateCallRequest) -> UpdateCallResponse;
        get_call(GetCallRequest) -> GetCallResponse;
        list_calls(ListCallsRequest) -> ListCallsResponse;
    }
}
