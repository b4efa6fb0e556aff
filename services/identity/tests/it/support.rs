//! A world to test in: a database, a bus, and an instance of the service.

use halley_bus::{Bus, BusConfig, Channel, Delivery, Outgoing};
use halley_contracts::{
    common::v1::{ApiKeyPrincipal, ApiKeyScope, ItemResult, PageInfo, PageRequest, UserPrincipal},
    events::v1::{AppChanged, Event, event::Body},
    identity::v1::{self as pb, identity_service_client::IdentityServiceClient},
};
use halley_identity::{Dependencies, IdentityConfig, MIGRATOR};
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
};
use halley_testkit::{unique, within};
use prost::Message as _;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::mpsc;
use tonic::{Response, Status};

pub struct World {
    pub app: String,
    pub pool: PgPool,
    bus: Bus,
    transport: Transport,
    lifecycle: Lifecycle,
}

pub type Outcome<T> = Result<T, PublicError>;

impl World {
    /// With these users.
    pub async fn new(uids: &[&str]) -> Self {
        Self::with(Default::default(), uids).await
    }

    /// With these users, where every app has these settings.
    pub async fn with(settings: halley_model::AppSettings, uids: &[&str]) -> Self {
        let config = BusConfig { url: halley_testkit::redis_url().await.into(), stream_max_len: 100_000 };
        let bus = Bus::connect(&config).await.unwrap();
        let pool = halley_testkit::database(&MIGRATOR).await;
        let lifecycle = Lifecycle::new();
        let credentials = Credentials::new(&MasterKey::generate());
        let needs = Dependencies {
            pool: pool.clone(),
            apps: halley_apps::Apps::fixed(settings),
            bus: bus.clone(),
            lifecycle: lifecycle.clone(),
        };
        let routes = halley_identity::start(IdentityConfig::default(), needs).await.unwrap();
        let transport = Transport::local(mount(routes, credentials.clone()), credentials.edge());
        let world = Self { app: unique("a"), pool, bus, transport, lifecycle };
        for uid in uids {
            world.add(uid).await;
        }
        world
    }

    /// The app itself, by an API key.
    pub fn server(&self) -> Caller {
        self.on_behalf_of("")
    }

    /// The app, acting for a user.
    pub fn on_behalf_of(&self, uid: &str) -> Caller {
        let key = ApiKeyPrincipal {
            key_id: "k".to_owned(),
            scope: ApiKeyScope::FullAccess.into(),
            on_behalf_of: uid.to_owned(),
        };
        Caller::api_key(&self.app, key)
    }

    /// A logged-in user.
    pub fn user(&self, uid: &str) -> Caller {
        let user = UserPrincipal { uid: uid.to_owned(), device_id: format!("{uid}-phone"), token_id: "t".to_owned() };
        Caller::user(&self.app, user)
    }

    /// Makes a user; must succeed.
    pub async fn add(&self, uid: &str) -> pb::User {
        self.create_user(&self.server(), create(uid, named(uid))).await.unwrap().user.unwrap()
    }

    /// Makes many users at once.
    pub async fn add_many(&self, count: usize) -> Vec<String> {
        let uids: Vec<String> = (0..count).map(|n| format!("user-{n:04}")).collect();
        for chunk in uids.chunks(1000) {
            let users = chunk.iter().map(|uid| imported(uid)).collect();
            let answer = self.import_users(&self.server(), pb::ImportUsersRequest { users }).await.unwrap();
            assert_eq!(answer.created, i32::try_from(chunk.len()).unwrap());
        }
        uids
    }

    /// A user, deactivated or not; must exist.
    pub async fn user_of(&self, uid: &str) -> pb::User {
        let request = pb::GetUserRequest { uid: uid.to_owned(), with_deactivated: true };
        self.get_user(&self.server(), request).await.unwrap().user.unwrap()
    }

    pub async fn add_role(&self, role: &str) -> pb::Role {
        let request =
            pb::CreateRoleRequest { role: role.to_owned(), name: format!("Role {role}"), ..Default::default() };
        self.create_role(&self.server(), request).await.unwrap().role.unwrap()
    }

    pub async fn give_role(&self, uid: &str, role: &str) {
        let fields = pb::UserFields { role: Some(role.to_owned()), ..Default::default() };
        self.update_user(&self.server(), update(uid, fields)).await.unwrap();
    }

    /// Answers the fate of each.
    pub async fn befriend(&self, uid: &str, others: &[&str]) -> Vec<String> {
        let request = pb::AddFriendsRequest { uid: uid.to_owned(), friends: texts(others) };
        fates(self.add_friends(&self.server(), request).await.unwrap().results)
    }

    /// Answers the fate of each.
    pub async fn block(&self, uid: &str, others: &[&str]) -> Vec<String> {
        let request = pb::BlockUsersRequest { uid: uid.to_owned(), blocked_uids: texts(others) };
        fates(self.block_users(&self.user(uid), request).await.unwrap().results)
    }

    pub async fn deactivate(&self, uids: &[&str]) -> pb::DeactivateUsersResponse {
        self.deactivate_users(&self.server(), pb::DeactivateUsersRequest { uids: texts(uids) }).await.unwrap()
    }

    pub async fn relation(&self, uid: &str, other: &str) -> pb::GetRelationResponse {
        let request = pb::GetRelationRequest { uid: uid.to_owned(), other_uid: other.to_owned() };
        self.get_relation(&self.server(), request).await.unwrap()
    }

    pub async fn friends_of(&self, uid: &str) -> Vec<String> {
        let request = pb::ListFriendsRequest { uid: uid.to_owned(), ..Default::default() };
        uids(&self.list_friends(&self.server(), request).await.unwrap().users)
    }

    /// Adds a trigger that stops a transaction where it fires, as long as the answered one is open.
    pub async fn gate(&self, trigger: &'static str) -> Transaction<'static, Postgres> {
        let function = "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS \
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$";
        for statement in [function, trigger] {
            sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
        }
        let mut gate = halley_kit::postgres::begin(&self.pool).await.unwrap();
        sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut *gate).await.unwrap();
        gate
    }

    /// Until so many transactions wait for a lock.
    pub async fn waiting(&self, count: i64) {
        let asked =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let are_waiting = async || {
            let waiting: i64 = sqlx::query_scalar(asked).fetch_one(&self.pool).await.unwrap();
            (waiting == count).then_some(())
        };
        halley_testkit::eventually("transactions wait for locks", are_waiting).await;
    }

    /// The facts of this world's app from now on.
    pub async fn facts(&self) -> Facts {
        let (subscriptions, deliveries) = self.bus.subscriber(self.lifecycle.stopping());
        subscriptions.subscribe(vec![Channel::facts()]).await.unwrap();
        Facts { app: self.app.clone(), deliveries, _subscriptions: subscriptions }
    }
}

/// What caches are told, of one app.
pub struct Facts {
    app: String,
    deliveries: mpsc::Receiver<Delivery>,
    _subscriptions: halley_bus::Subscriptions,
}

impl Facts {
    pub async fn next(&mut self) -> Event {
        loop {
            match within("a fact", self.deliveries.recv()).await {
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

    /// All facts up to a probe that is published now: what was published before this call, and nothing later.
    pub async fn so_far(&mut self, world: &World) -> Vec<Body> {
        let probe = halley_bus::event(&self.app, "", Body::AppChanged(AppChanged::default()));
        let payload = probe.encode_to_vec().into();
        world.bus.publish(&[Outgoing { channels: vec![Channel::facts()], durable: false, payload }]).await.unwrap();
        let mut bodies = Vec::new();
        loop {
            let event = self.next().await;
            if event.id == probe.id {
                return bodies;
            }
            bodies.extend(event.body);
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
                let mut client = IdentityServiceClient::new(self.transport.clone());
                outcome(within(stringify!($name), client.$name(caller.request(request))).await)
            })*
        }
    };
}

calls! {
    create_user(CreateUserRequest) -> CreateUserResponse;
    get_user(GetUserRequest) -> GetUserResponse;
    batch_get_users(BatchGetUsersRequest) -> BatchGetUsersResponse;
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
    add_friends(AddFriendsRequest) -> AddFriendsResponse;
    remove_friends(RemoveFriendsRequest) -> RemoveFriendsResponse;
    list_friends(ListFriendsRequest) -> ListFriendsResponse;
    block_users(BlockUsersRequest) -> BlockUsersResponse;
    unblock_users(UnblockUsersRequest) -> UnblockUsersResponse;
    list_blocked_users(ListBlockedUsersRequest) -> ListBlockedUsersResponse;
    get_relation(GetRelationRequest) -> GetRelationResponse;
}

/// Walks a list from its first page to its last; answers everything in it. Each page must say where it stands.
pub async fn walk<T>(per_page: i32, mut ask: impl AsyncFnMut(PageRequest) -> (Vec<T>, PageInfo)) -> Vec<T> {
    let mut all = Vec::new();
    loop {
        let page = i32::try_from(all.len()).unwrap() / per_page + 1;
        let (rows, info) = ask(PageRequest { page, per_page }).await;
        assert_eq!((info.current_page, info.per_page), (page, per_page));
        assert_eq!(usize::try_from(info.count).unwrap(), rows.len());
        all.extend(rows);
        if page >= info.total_pages {
            assert_eq!(usize::try_from(info.total).unwrap(), all.len(), "the total is what was listed");
            return all;
        }
        assert_eq!(info.count, per_page, "only the last page is short");
    }
}

pub fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

pub fn uids(users: &[pb::User]) -> Vec<String> {
    users.iter().map(|user| user.uid.clone()).collect()
}

/// The code of each item, or `ok`.
pub fn fates(results: Vec<ItemResult>) -> Vec<String> {
    results.into_iter().map(|result| result.error.map_or("ok".to_owned(), |error| error.code)).collect()
}

/// Fields with nothing but a name.
pub fn named(name: &str) -> pb::UserFields {
    pb::UserFields { name: Some(name.to_owned()), ..Default::default() }
}

pub fn create(uid: &str, fields: pb::UserFields) -> pb::CreateUserRequest {
    pb::CreateUserRequest { uid: uid.to_owned(), fields: Some(fields) }
}

pub fn update(uid: &str, fields: pb::UserFields) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest { uid: uid.to_owned(), fields: Some(fields), unset: Vec::new() }
}

/// A user of an archive.
pub fn imported(uid: &str) -> pb::User {
    pb::User { uid: uid.to_owned(), name: format!("Name of {uid}"), ..Default::default() }
}

pub fn get(uid: &str) -> pb::GetUserRequest {
    pb::GetUserRequest { uid: uid.to_owned(), with_deactivated: false }
}
