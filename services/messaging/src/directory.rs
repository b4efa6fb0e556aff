//! What messaging knows of users, groups, memberships, permissions and blocks: asked over gRPC, kept in bounded caches,
//! and dropped when a fact says that it changed. While the feed of facts is cut, everything is asked anew. What is absent
//! or denied is never kept: it is asked again each time.

mod facts;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use halley_bus::{
    Bus, BusError, Fact,
    fact_cache::{self as cache, FactCache},
    watch_facts,
};
use halley_contracts::{
    common::v1::PageRequest,
    groups::v1::{
        BatchGetGroupsRequest, GetMembershipRequest, GetScopePermissionsRequest, Group, ListMembersRequest,
        MemberScope, groups_service_client::GroupsServiceClient,
    },
    identity::v1::{
        BatchGetUsersRequest, BlockDirection, GetRelationRequest, ListBlockedUsersRequest, ListFriendsRequest, User,
        identity_service_client::IdentityServiceClient,
    },
};
use halley_kit::{Caller, PublicError, Transport, permissions};
use halley_model::{
    APP_SYSTEM_UID, ErrorCode, limits,
    permissions::{Rights, ScopePermission},
    rights::Scope,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::MessagingConfig,
    domain,
    error::{MessagingError, Result},
};

/// A uid to its user, for those that exist.
pub(crate) type Users = HashMap<String, Arc<User>>;
/// A guid to its group, for those that exist.
pub(crate) type Groups = HashMap<String, Arc<Group>>;

/// How a user stands in a group that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// In it, with a scope.
    Member(Scope),
    /// Not in it.
    Stranger,
    /// Kept out of it.
    Banned,
}

/// What the scopes of a group may do, by scope; those without an entry may everything that a scope may.
type ScopeRights = HashMap<Scope, Rights<ScopePermission>>;

/// How one user stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Nothing between them.
    Open,
    /// The first has blocked the second.
    Blocking,
    /// The second has blocked the first.
    Blocked,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Directory {
    identity: Transport,
    groups: Transport,
    caches: Arc<Caches>,
}

struct Caches {
    users: FactCache<Arc<User>>,
    groups: FactCache<Arc<Group>>,
    /// Members only.
    memberships: FactCache<Scope>,
    /// What each scope of a group may do.
    scopes: FactCache<Arc<ScopeRights>>,
    /// Pairs without a block only.
    relations: FactCache<()>,
    feed: Mutex<Feed>,
    /// Whether what is cached may be believed: follows from the feed.
    open: AtomicBool,
}

/// How the feed of facts stands.
#[derive(Default)]
struct Feed {
    subscribed: bool,
    lost: bool,
}

impl Directory {
    /// Empty, and asking for everything until [`Directory::watch`] has begun.
    pub(crate) fn new(config: &MessagingConfig, identity: Transport, groups: Transport) -> Self {
        let caches = Caches {
            users: FactCache::new("users", config.users_cached),
            groups: FactCache::new("groups", config.groups_cached),
            memberships: FactCache::new("memberships", config.memberships_cached),
            scopes: FactCache::new("scopes", config.groups_cached),
            relations: FactCache::new("relations", config.relations_cached),
            feed: Mutex::default(),
            open: AtomicBool::new(false),
        };
        Self { identity, groups, caches: Arc::new(caches) }
    }

    /// Begins to follow the feed of facts, until `shutdown`.
    pub(crate) async fn watch(&self, bus: &Bus, shutdown: CancellationToken) -> std::result::Result<(), BusError> {
        let caches = Arc::clone(&self.caches);
        watch_facts(bus, shutdown, move |fact| match fact {
            Fact::Event(event) => facts::apply(&caches, event),
            Fact::Lost => caches.set_feed(|feed| feed.lost = true),
            Fact::Gap => caches.set_feed(|feed| feed.lost = false),
        })
        .await?;
        self.caches.set_feed(|feed| feed.subscribed = true);
        Ok(())
    }

    /// Users by uid, deactivated ones included. Those that don't exist are left out.
    pub(crate) async fn users(&self, app_id: &str, uids: impl IntoIterator<Item = &str>) -> Result<Users> {
        let mut users = Users::new();
        let mut misses = BTreeSet::new();
        for uid in uids {
            if uid.is_empty() || users.contains_key(uid) || misses.contains(uid) {
                continue;
            }
            if uid == APP_SYSTEM_UID {
                users.insert(uid.to_owned(), Arc::new(domain::system_user()));
                continue;
            }
            match self.caches.users.get(&cache::key(app_id, &[uid]), self.caches.is_open()) {
                Some(user) => {
                    users.insert(uid.to_owned(), user);
                }
                None => {
                    misses.insert(uid);
                }
            }
        }
        let misses: Vec<&str> = misses.into_iter().collect();
        for chunk in misses.chunks(limits::BATCH_MAX) {
            self.ask_users(app_id, chunk, &mut users).await?;
        }
        Ok(users)
    }

    /// Whether there is a user, active or not: asked anew, whatever is remembered.
    pub(crate) async fn exists(&self, app_id: &str, uid: &str) -> Result<bool> {
        let request = BatchGetUsersRequest { uids: vec![uid.to_owned()] };
        let mut identity = IdentityServiceClient::new(self.identity.clone());
        Ok(!identity.batch_get_users(system(app_id, request)).await?.into_inner().users.is_empty())
    }

    async fn ask_users(&self, app_id: &str, uids: &[&str], users: &mut Users) -> Result<()> {
        let cache = &self.caches.users;
        let tickets: HashMap<&str, _> =
            uids.iter().map(|uid| (*uid, cache.begin(cache::key(app_id, &[uid])))).collect();
        let request = BatchGetUsersRequest { uids: uids.iter().map(|uid| (*uid).to_owned()).collect() };
        let answer = IdentityServiceClient::new(self.identity.clone())
            .batch_get_users(system(app_id, request))
            .await?
            .into_inner();
        for user in answer.users {
            let user = Arc::new(user);
            if let Some(ticket) = tickets.get(user.uid.as_str()) {
                cache.put(ticket, Arc::clone(&user), || self.caches.is_open());
            }
            users.insert(user.uid.clone(), user);
        }
        Ok(())
    }

    /// Groups by guid. Those that don't exist are left out.
    pub(crate) async fn groups(&self, app_id: &str, guids: impl IntoIterator<Item = &str>) -> Result<Groups> {
        let mut groups = Groups::new();
        let mut misses = BTreeSet::new();
        for guid in guids {
            match self.caches.groups.get(&cache::key(app_id, &[guid]), self.caches.is_open()) {
                Some(group) => {
                    groups.insert(guid.to_owned(), group);
                }
                None => {
                    misses.insert(guid);
                }
            }
        }
        let misses: Vec<&str> = misses.into_iter().collect();
        for chunk in misses.chunks(limits::BATCH_MAX) {
            self.ask_groups(app_id, chunk, &mut groups).await?;
        }
        Ok(groups)
    }

    async fn ask_groups(&self, app_id: &str, guids: &[&str], groups: &mut Groups) -> Result<()> {
        let cache = &self.caches.groups;
        let tickets: HashMap<&str, _> =
            guids.iter().map(|guid| (*guid, cache.begin(cache::key(app_id, &[guid])))).collect();
        let request = BatchGetGroupsRequest { guids: guids.iter().map(|guid| (*guid).to_owned()).collect() };
        let answer =
            GroupsServiceClient::new(self.groups.clone()).batch_get_groups(system(app_id, request)).await?.into_inner();
        for group in answer.groups {
            let group = Arc::new(group);
            if let Some(ticket) = tickets.get(group.guid.as_str()) {
                cache.put(ticket, Arc::clone(&group), || self.caches.is_open());
            }
            groups.insert(group.guid.clone(), group);
        }
        Ok(())
    }

    /// The group of that guid.
    pub(crate) async fn group(&self, app_id: &str, guid: &str) -> Result<Arc<Group>> {
        let mut groups = self.groups(app_id, [guid]).await?;
        groups.remove(guid).ok_or_else(|| MessagingError::GroupNotFound { guid: guid.to_owned() })
    }

    /// How a user stands in a group. The group must exist.
    pub(crate) async fn standing(&self, app_id: &str, guid: &str, uid: &str) -> Result<Standing> {
        let cache = &self.caches.memberships;
        let key = cache::key(app_id, &[guid, uid]);
        if let Some(scope) = cache.get(&key, self.caches.is_open()) {
            return Ok(Standing::Member(scope));
        }
        let ticket = cache.begin(key);
        let request = GetMembershipRequest { guid: guid.to_owned(), uid: uid.to_owned() };
        let answer = GroupsServiceClient::new(self.groups.clone()).get_membership(system(app_id, request)).await;
        let answer = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) if PublicError::from_status(&status).code == ErrorCode::GuidNotFound => {
                return Err(MessagingError::GroupNotFound { guid: guid.to_owned() });
            }
            Err(status) => return Err(status.into()),
        };
        if let Some(member) = answer.member {
            let scope = scope_of(member.scope());
            cache.put(&ticket, scope, || self.caches.is_open());
            return Ok(Standing::Member(scope));
        }
        Ok(if answer.banned { Standing::Banned } else { Standing::Stranger })
    }

    /// What the scopes of a group may do. The group must exist.
    pub(crate) async fn scope_rights(&self, app_id: &str, guid: &str) -> Result<Arc<ScopeRights>> {
        let cache = &self.caches.scopes;
        let key = cache::key(app_id, &[guid]);
        if let Some(rights) = cache.get(&key, self.caches.is_open()) {
            return Ok(rights);
        }
        let ticket = cache.begin(key);
        let request = GetScopePermissionsRequest { guid: guid.to_owned(), scope: MemberScope::Unspecified.into() };
        let answer = GroupsServiceClient::new(self.groups.clone()).get_scope_permissions(system(app_id, request)).await;
        let answer = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) if PublicError::from_status(&status).code == ErrorCode::GuidNotFound => {
                return Err(MessagingError::GroupNotFound { guid: guid.to_owned() });
            }
            Err(status) => return Err(status.into()),
        };
        let rights: ScopeRights =
            answer.scopes.iter().map(|set| (scope_of(set.scope()), permissions::rights(&set.permissions))).collect();
        let rights = Arc::new(rights);
        cache.put(&ticket, Arc::clone(&rights), || self.caches.is_open());
        Ok(rights)
    }

    /// Who of these users is in a group with one of these scopes. At most as many as a page has rows.
    pub(crate) async fn members_within(
        &self,
        app_id: &str,
        guid: &str,
        uids: Vec<String>,
        scopes: &[Scope],
    ) -> Result<HashSet<String>> {
        if uids.is_empty() {
            return Ok(HashSet::new());
        }
        let request = ListMembersRequest {
            guid: guid.to_owned(),
            page: Some(PageRequest { page: 1, per_page: limits::PAGE_MAX }),
            scopes: scopes.iter().map(|scope| i32::from(scope_to_pb(*scope))).collect(),
            uids,
            ..Default::default()
        };
        let answer = GroupsServiceClient::new(self.groups.clone()).list_members(system(app_id, request)).await?;
        Ok(answer.into_inner().members.into_iter().map(|member| member.uid).collect())
    }

    /// How one user stands to another.
    pub(crate) async fn relation(&self, app_id: &str, uid: &str, other: &str) -> Result<Relation> {
        if uid == other {
            return Ok(Relation::Open);
        }
        let cache = &self.caches.relations;
        // One entry for both directions: open means that neither blocks the other.
        let (low, high) = if uid < other { (uid, other) } else { (other, uid) };
        let key = cache::key(app_id, &[low, high]);
        if cache.get(&key, self.caches.is_open()).is_some() {
            return Ok(Relation::Open);
        }
        let ticket = cache.begin(key);
        let request = GetRelationRequest { uid: uid.to_owned(), other_uid: other.to_owned() };
        let answer =
            IdentityServiceClient::new(self.identity.clone()).get_relation(system(app_id, request)).await?.into_inner();
        if answer.blocked_at_ms != 0 {
            return Ok(Relation::Blocking);
        }
        if answer.blocked_by_other_at_ms != 0 {
            return Ok(Relation::Blocked);
        }
        cache.put(&ticket, (), || self.caches.is_open());
        Ok(Relation::Open)
    }

    /// The uids of a user's friends: few, by the limit.
    pub(crate) async fn friends_of(&self, app_id: &str, uid: &str) -> Result<Vec<String>> {
        let page = Some(PageRequest { page: 1, per_page: limits::PAGE_MAX });
        let request = ListFriendsRequest { uid: uid.to_owned(), page, ..Default::default() };
        let answer = IdentityServiceClient::new(self.identity.clone()).list_friends(system(app_id, request)).await?;
        Ok(answer.into_inner().users.into_iter().map(|user| user.uid).collect())
    }

    /// The uids of those whom a user has blocked.
    pub(crate) async fn blocked_by(&self, app_id: &str, uid: &str) -> Result<Vec<String>> {
        let mut uids = Vec::new();
        let mut page = 1;
        loop {
            let request = ListBlockedUsersRequest {
                uid: uid.to_owned(),
                direction: BlockDirection::BlockedByMe.into(),
                page: Some(PageRequest { page, per_page: limits::PAGE_MAX }),
                ..Default::default()
            };
            let answer = IdentityServiceClient::new(self.identity.clone())
                .list_blocked_users(system(app_id, request))
                .await?
                .into_inner();
            let pages = answer.page.unwrap_or_default().total_pages;
            uids.extend(answer.users.into_iter().filter_map(|blocked| blocked.user).map(|user| user.uid));
            if page >= pages {
                return Ok(uids);
            }
            page += 1;
        }
    }
}

impl Caches {
    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Takes note of how the feed stands. Whatever changes, what was cached till now is dropped.
    fn set_feed(&self, change: impl FnOnce(&mut Feed)) {
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut feed);
        self.open.store(false, Ordering::Release);
        self.users.forget_all();
        self.groups.forget_all();
        self.memberships.forget_all();
        self.scopes.forget_all();
        self.relations.forget_all();
        self.open.store(feed.subscribed && !feed.lost, Ordering::Release);
    }
}

fn scope_to_pb(scope: Scope) -> MemberScope {
    match scope {
        Scope::Admin => MemberScope::Admin,
        Scope::Moderator => MemberScope::Moderator,
        Scope::Participant => MemberScope::Participant,
    }
}

/// A scope as the contract names it; a member without one is a participant.
fn scope_of(scope: MemberScope) -> Scope {
    match scope {
        MemberScope::Admin => Scope::Admin,
        MemberScope::Moderator => Scope::Moderator,
        MemberScope::Participant | MemberScope::Unspecified => Scope::Participant,
    }
}

fn system<T>(app_id: &str, message: T) -> tonic::Request<T> {
    Caller::system(app_id).request(message)
}
