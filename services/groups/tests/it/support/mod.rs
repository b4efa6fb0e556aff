//! A world to test in: a database, a bus, and the service.

use std::collections::BTreeMap;

use halley_apps::Apps;
use halley_bus::{Bus, BusConfig, Channel, Delivery, Outgoing, Subscriptions};
use halley_contracts::{
    common::v1::{ApiKeyPrincipal, ApiKeyScope, PageInfo, PageRequest, UserPrincipal},
    events::v1::{Event, event::Body},
    groups::v1::{self as pb, groups_service_client::GroupsServiceClient},
};
use halley_groups::{Dependencies, GroupsConfig, MIGRATOR};
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
};
use halley_model::{AppSettings, ErrorCode, rights::Scope};
use halley_testkit::{unique, within};
use prost::Message as _;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

pub const ADMIN: pb::MemberScope = pb::MemberScope::Admin;
pub const MODERATOR: pb::MemberScope = pb::MemberScope::Moderator;
pub const PARTICIPANT: pb::MemberScope = pb::MemberScope::Participant;

pub type Outcome<T> = Result<T, PublicError>;

/// The running service, seen from one app.
pub struct World {
    pub app: String,
    pub pool: PgPool,
    pub bus: Bus,
    transport: Transport,
    lifecycle: Lifecycle,
}

impl Drop for World {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

impl World {
    pub async fn new() -> Self {
        Self::on_redis(&halley_testkit::redis_url().await).await
    }

    pub async fn on_redis(redis_url: &str) -> Self {
        Self::with(redis_url, AppSettings::default()).await
    }

    /// Where every app has these settings.
    pub async fn with(redis_url: &str, settings: AppSettings) -> Self {
        let bus = Bus::connect(&BusConfig { url: redis_url.to_owned().into(), stream_max_len: 100_000 }).await.unwrap();
        let pool = halley_testkit::database(&MIGRATOR).await;
        let lifecycle = Lifecycle::new();
        let needs = Dependencies {
            pool: pool.clone(),
            apps: Apps::fixed(settings),
            bus: bus.clone(),
            lifecycle: lifecycle.clone(),
        };
        let routes = halley_groups::start(GroupsConfig::default(), needs).await.unwrap();
        let credentials = Credentials::new(&MasterKey::generate());
        let transport = Transport::local(mount(routes, credentials.clone()), credentials.edge());
        Self { app: unique("a"), pool, bus, transport, lifecycle }
    }

    /// A logged-in user.
    pub fn user(&self, uid: &str) -> Caller {
        let user = UserPrincipal { uid: uid.to_owned(), device_id: format!("{uid}-phone"), token_id: "t".to_owned() };
        Caller::user(&self.app, user)
    }

    /// The app itself.
    pub fn server(&self) -> Caller {
        self.key("")
    }

    /// An API key, perhaps on behalf of a user.
    pub fn key(&self, on_behalf_of: &str) -> Caller {
        let key = ApiKeyPrincipal {
            key_id: "k".to_owned(),
            scope: ApiKeyScope::FullAccess.into(),
            on_behalf_of: on_behalf_of.to_owned(),
        };
        Caller::api_key(&self.app, key)
    }

    /// What comes on channels from now on, of this app only.
    pub async fn listen(&self, channels: Vec<Channel>) -> Feed {
        let (subscriptions, deliveries) = self.bus.subscriber(CancellationToken::new());
        subscriptions.subscribe(channels).await.unwrap();
        Feed { app: self.app.clone(), deliveries, _subscriptions: subscriptions }
    }

    pub async fn facts(&self) -> Feed {
        self.listen(vec![Channel::facts()]).await
    }

    /// Puts an event of now onto the durable stream.
    pub async fn durable(&self, body: Body) {
        self.durable_of(0, body).await;
    }

    /// Puts an event onto the durable stream that is so many milliseconds old.
    pub async fn durable_of(&self, age_ms: i64, body: Body) {
        let mut event = halley_bus::event(&self.app, "", body);
        event.occurred_at_ms -= age_ms;
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels: Vec::new(), durable: true, payload }]).await.unwrap();
    }

    /// Checks that every group counts the members that it has, and that nobody is in and banned.
    pub async fn assert_counts(&self) {
        let wrong: Vec<(String, i32, i64)> = sqlx::query_as(
            "SELECT g.guid, g.members_count, COUNT(m.uid) FROM groups AS g \
             LEFT JOIN members AS m ON m.app_id = g.app_id AND m.guid = g.guid \
             GROUP BY g.app_id, g.guid, g.members_count HAVING g.members_count <> COUNT(m.uid)",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        let both: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM members JOIN bans USING (app_id, guid, uid)")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        assert_eq!(both, 0, "a banned member");
    }
}

/// Live events.
pub struct Feed {
    app: String,
    deliveries: mpsc::Receiver<Delivery>,
    _subscriptions: Subscriptions,
}

impl Feed {
    /// The next event.
    pub async fn next(&mut self) -> Event {
        loop {
            match within("a live event", self.deliveries.recv()).await {
                Some(Delivery::Message { payload, .. }) => {
                    let event = Event::decode(payload).unwrap();
                    if event.app_id == self.app {
                        return event;
                    }
                }
                Some(_) => {}
                None => panic!("the feed ended"),
            }
        }
    }

    /// The next event, which must be of a membership.
    pub async fn next_membership(&mut self) -> (Event, pb::MembershipChanged) {
        let event = self.next().await;
        match event.body.clone() {
            Some(Body::MembershipChanged(changed)) => (event, changed),
            other => panic!("not a membership: {other:?}"),
        }
    }
}

fn outcome<T>(answer: Result<Response<T>, Status>) -> Outcome<T> {
    answer.map(Response::into_inner).map_err(|status| PublicError::from_status(&status))
}

macro_rules! calls {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        impl World {
            $(pub async fn $name(&self, caller: &Caller, request: pb::$request) -> Outcome<pb::$response> {
                outcome(GroupsServiceClient::new(self.transport.clone()).$name(caller.request(request)).await)
            })*
        }
    };
}

calls! {
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
    list_members(ListMembersRequest) -> ListMembersResponse;
    change_member_scope(ChangeMemberScopeRequest) -> ChangeMemberScopeResponse;
    kick_member(KickMemberRequest) -> KickMemberResponse;
    ban_member(BanMemberRequest) -> BanMemberResponse;
    unban_member(UnbanMemberRequest) -> UnbanMemberResponse;
    list_banned_members(ListBannedMembersRequest) -> ListBannedMembersResponse;
    get_scope_permissions(GetScopePermissionsRequest) -> GetScopePermissionsResponse;
    set_scope_permissions(SetScopePermissionsRequest) -> SetScopePermissionsResponse;
    unset_scope_permission(UnsetScopePermissionRequest) -> UnsetScopePermissionResponse;
    get_membership(GetMembershipRequest) -> GetMembershipResponse;
    list_joined_guids(ListJoinedGuidsRequest) -> ListJoinedGuidsResponse;
    import_groups(ImportGroupsRequest) -> ImportGroupsResponse;
    import_members(ImportMembersRequest) -> ImportMembersResponse;
}

impl World {
    /// A public group of a user's.
    pub async fn group_of(&self, owner: &str, guid: &str) -> pb::Group {
        self.create_group(&self.user(owner), new(guid)).await.unwrap().group.unwrap()
    }

    /// A public group of a user's with more members.
    pub async fn group_with(&self, owner: &str, guid: &str, members: pb::MemberLists) -> pb::Group {
        let request = pb::CreateGroupRequest { members: Some(members), ..new(guid) };
        let made = self.create_group(&self.user(owner), request).await.unwrap();
        assert!(made.outcomes.iter().all(|outcome| outcome.event.is_some()), "{:?}", made.outcomes);
        made.group.unwrap()
    }

    /// A group as the app sees it.
    pub async fn group(&self, guid: &str) -> pb::Group {
        self.get_group(&self.server(), get(guid)).await.unwrap().group.unwrap()
    }

    /// How a user stands to a group.
    pub async fn place(&self, guid: &str, uid: &str) -> Place {
        let answer = self.get_membership(&self.server(), membership(guid, uid)).await.unwrap();
        match answer.member {
            Some(member) => {
                assert!(!answer.banned, "banned and a member");
                assert_eq!((member.guid.as_str(), member.uid.as_str()), (guid, uid));
                Place::In(member.scope())
            }
            None if answer.banned => Place::Banned,
            None => Place::Out,
        }
    }

    /// All members by uid, walked in pages of 2.
    pub async fn members(&self, guid: &str) -> BTreeMap<String, pb::MemberScope> {
        let mut all = BTreeMap::new();
        for number in 1.. {
            let request = pb::ListMembersRequest { guid: guid.to_owned(), page: page(number, 2), ..Default::default() };
            let answer = self.list_members(&self.server(), request).await.unwrap();
            all.extend(answer.members.iter().map(|member| (member.uid.clone(), member.scope())));
            if number >= answer.page.unwrap().total_pages {
                break;
            }
        }
        all
    }
}

/// How a user stands to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    In(pb::MemberScope),
    Out,
    Banned,
}

/// The code of a call that must be refused.
pub fn refused<T: std::fmt::Debug>(outcome: Outcome<T>) -> ErrorCode {
    outcome.expect_err("refused").code
}

/// The code of each outcome, or success.
pub fn fates(outcomes: &[pb::MemberOutcome]) -> Vec<(String, Option<ErrorCode>)> {
    let fate = |outcome: &pb::MemberOutcome| {
        let result = outcome.result.clone().unwrap();
        assert_eq!(result.error.is_none(), outcome.event.is_some(), "an event goes with success");
        (result.id, result.error.map(|error| ErrorCode::parse(&error.code).unwrap()))
    };
    outcomes.iter().map(fate).collect()
}

/// Lists of uids.
pub fn lists(admins: &[&str], moderators: &[&str], participants: &[&str], bans: &[&str]) -> pb::MemberLists {
    let own = |uids: &[&str]| uids.iter().map(|uid| (*uid).to_owned()).collect();
    pb::MemberLists {
        admins: own(admins),
        moderators: own(moderators),
        participants: own(participants),
        users_to_ban: own(bans),
    }
}

pub fn scope(scope: Scope) -> pb::MemberScope {
    match scope {
        Scope::Participant => PARTICIPANT,
        Scope::Moderator => MODERATOR,
        Scope::Admin => ADMIN,
    }
}

pub fn page(number: i32, size: i32) -> Option<PageRequest> {
    Some(PageRequest { page: number, per_page: size })
}

/// Checks what a page says of itself.
pub fn assert_page(info: Option<PageInfo>, number: i32, size: i32, total: i64, count: usize) {
    let pages = i32::try_from((total + i64::from(size) - 1) / i64::from(size)).unwrap().max(1);
    let count = i32::try_from(count).unwrap();
    let wanted = PageInfo { total, count, per_page: size, current_page: number, total_pages: pages };
    assert_eq!(info, Some(wanted));
}

/// A public group.
pub fn new(guid: &str) -> pb::CreateGroupRequest {
    pb::CreateGroupRequest { guid: guid.to_owned(), name: format!("The {guid}"), ..Default::default() }
}

pub fn get(guid: &str) -> pb::GetGroupRequest {
    pb::GetGroupRequest { guid: guid.to_owned() }
}

pub fn update(guid: &str) -> pb::UpdateGroupRequest {
    pb::UpdateGroupRequest { guid: guid.to_owned(), ..Default::default() }
}

pub fn delete(guid: &str) -> pb::DeleteGroupRequest {
    pb::DeleteGroupRequest { guid: guid.to_owned() }
}

pub fn transfer(guid: &str, to: &str) -> pb::TransferOwnershipRequest {
    pb::TransferOwnershipRequest { guid: guid.to_owned(), new_owner: to.to_owned() }
}

pub fn join(guid: &str) -> pb::JoinGroupRequest {
    pb::JoinGroupRequest { guid: guid.to_owned(), password: String::new() }
}

pub fn leave(guid: &str) -> pb::LeaveGroupRequest {
    pb::LeaveGroupRequest { guid: guid.to_owned() }
}

pub fn add(guid: &str, members: pb::MemberLists) -> pb::AddMembersRequest {
    pb::AddMembersRequest { guid: guid.to_owned(), members: Some(members) }
}

pub fn list_members(guid: &str) -> pb::ListMembersRequest {
    pb::ListMembersRequest { guid: guid.to_owned(), ..Default::default() }
}

pub fn list_banned(guid: &str) -> pb::ListBannedMembersRequest {
    pb::ListBannedMembersRequest { guid: guid.to_owned(), ..Default::default() }
}

pub fn kick(guid: &str, uid: &str) -> pb::KickMemberRequest {
    pb::KickMemberRequest { guid: guid.to_owned(), uid: uid.to_owned() }
}

pub fn ban(guid: &str, uid: &str) -> pb::BanMemberRequest {
    pb::BanMemberRequest { guid: guid.to_owned(), uid: uid.to_owned() }
}

pub fn unban(guid: &str, uid: &str) -> pb::UnbanMemberRequest {
    pb::UnbanMemberRequest { guid: guid.to_owned(), uid: uid.to_owned() }
}

pub fn change_scope(guid: &str, uid: &str, scope: pb::MemberScope) -> pb::ChangeMemberScopeRequest {
    pb::ChangeMemberScopeRequest { guid: guid.to_owned(), uid: uid.to_owned(), scope: scope.into() }
}

pub fn membership(guid: &str, uid: &str) -> pb::GetMembershipRequest {
    pb::GetMembershipRequest { guid: guid.to_owned(), uid: uid.to_owned() }
}
