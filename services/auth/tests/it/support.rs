//! A world to test in: a database, a bus, and instances of the service.

use halley_auth::{AuthConfig, Dependencies, MIGRATOR};
use halley_bus::{Bus, BusConfig, Channel, Delivery, Outgoing, Subscriptions};
use halley_contracts::{
    auth::v1::{
        self as pb, auth_service_client::AuthServiceClient, authenticate_request::Credential,
        authenticate_response::Principal,
    },
    common::v1::{ApiKeyPrincipal, ApiKeyScope, PageInfo, PageRequest, UserPrincipal},
    events::v1::{AppChanged, CredentialRevoked, Event, event::Body},
};
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
};
use halley_testkit::{unique, within};
use prost::Message as _;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

pub struct World {
    pub pool: PgPool,
    pub bus: Bus,
    pub master_key: MasterKey,
}

/// One instance of the service.
#[derive(Clone)]
pub struct Api {
    pub transport: Transport,
    /// With the credential of services, which are no edges.
    pub service: Transport,
    // Dropping it changes nothing; held for those who stop the instance.
    pub lifecycle: Lifecycle,
}

pub type Outcome<T> = Result<T, PublicError>;

impl World {
    pub async fn new() -> Self {
        let config = BusConfig { url: halley_testkit::redis_url().await.into(), stream_max_len: 100_000 };
        Self {
            pool: halley_testkit::database(&MIGRATOR).await,
            bus: Bus::connect(&config).await.unwrap(),
            master_key: MasterKey::generate(),
        }
    }

    pub async fn start(&self) -> Api {
        self.start_with(&self.master_key).await
    }

    pub async fn start_with(&self, master_key: &MasterKey) -> Api {
        let lifecycle = Lifecycle::new();
        let needs = Dependencies {
            pool: self.pool.clone(),
            bus: self.bus.clone(),
            master_key: master_key.clone(),
            lifecycle: lifecycle.clone(),
        };
        let routes = halley_auth::start(AuthConfig::default(), needs).await.unwrap();
        let credentials = Credentials::new(master_key);
        let mounted = mount(routes, credentials.clone());
        let service = Transport::local(mounted.clone(), credentials.service());
        Api { transport: Transport::local(mounted, credentials.edge()), service, lifecycle }
    }

    /// What comes on the channel of facts from now on, of one app.
    pub async fn facts(&self, app_id: &str) -> Facts {
        let (subscriptions, deliveries) = self.bus.subscriber(CancellationToken::new());
        subscriptions.subscribe(vec![Channel::facts()]).await.unwrap();
        Facts { app_id: app_id.to_owned(), deliveries, _subscriptions: subscriptions }
    }

    /// Puts an event onto the durable stream.
    pub async fn durable(&self, event: &Event) {
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels: Vec::new(), durable: true, payload }]).await.unwrap();
    }
}

pub struct Facts {
    app_id: String,
    deliveries: mpsc::Receiver<Delivery>,
    _subscriptions: Subscriptions,
}

impl Facts {
    fn revocation(&self, delivery: Delivery) -> Option<CredentialRevoked> {
        let Delivery::Message { payload, .. } = delivery else { return None };
        match Event::decode(payload).unwrap() {
            Event { app_id, body: Some(Body::CredentialRevoked(revoked)), .. } if app_id == self.app_id => {
                Some(revoked)
            }
            _ => None,
        }
    }

    /// What was told before now, uid and ids: a mark that is published now comes behind it.
    pub async fn until_now(&mut self, world: &World) -> Vec<(String, Vec<String>)> {
        let mark = halley_bus::event(&unique("mark"), "", Body::AppChanged(AppChanged::default()));
        let item = Outgoing { channels: vec![Channel::facts()], durable: false, payload: mark.encode_to_vec().into() };
        world.bus.publish(&[item]).await.unwrap();
        let mut told = Vec::new();
        loop {
            let delivery = within("the mark", self.deliveries.recv()).await.unwrap();
            if matches!(&delivery, Delivery::Message { payload, .. } if Event::decode(payload.clone()).unwrap() == mark)
            {
                return told;
            }
            told.extend(self.revocation(delivery).map(|revoked| (revoked.uid, revoked.credential_ids)));
        }
    }

    /// The next fact of a credential's end.
    pub async fn revoked(&mut self) -> CredentialRevoked {
        within("a revocation", async {
            loop {
                let delivery = self.deliveries.recv().await.unwrap();
                if let Some(revoked) = self.revocation(delivery) {
                    return revoked;
                }
            }
        })
        .await
    }
}

fn outcome<T>(answer: Result<Response<T>, Status>) -> Outcome<T> {
    answer.map(Response::into_inner).map_err(|status| PublicError::from_status(&status))
}

/// Every call twice: without a caller, and as somebody.
macro_rules! calls {
    ($($name:ident $as_name:ident($request:ident) -> $response:ident;)*) => {
        impl Api {
            $(
                pub async fn $name(&self, request: pb::$request) -> Outcome<pb::$response> {
                    outcome(AuthServiceClient::new(self.transport.clone()).$name(request).await)
                }

                pub async fn $as_name(&self, caller: &Caller, request: pb::$request) -> Outcome<pb::$response> {
                    outcome(AuthServiceClient::new(self.transport.clone()).$name(caller.request(request)).await)
                }
            )*
        }
    };
}

calls! {
    create_app create_app_as(CreateAppRequest) -> CreateAppResponse;
    get_app get_app_as(GetAppRequest) -> GetAppResponse;
    list_apps list_apps_as(ListAppsRequest) -> ListAppsResponse;
    list_removed_apps list_removed_apps_as(ListRemovedAppsRequest) -> ListRemovedAppsResponse;
    update_app update_app_as(UpdateAppRequest) -> UpdateAppResponse;
    create_api_key create_api_key_as(CreateApiKeyRequest) -> CreateApiKeyResponse;
    list_api_keys list_api_keys_as(ListApiKeysRequest) -> ListApiKeysResponse;
    get_api_key get_api_key_as(GetApiKeyRequest) -> GetApiKeyResponse;
    update_api_key update_api_key_as(UpdateApiKeyRequest) -> UpdateApiKeyResponse;
    delete_api_key delete_api_key_as(DeleteApiKeyRequest) -> DeleteApiKeyResponse;
    create_auth_token create_auth_token_as(CreateAuthTokenRequest) -> CreateAuthTokenResponse;
    list_auth_tokens list_auth_tokens_as(ListAuthTokensRequest) -> ListAuthTokensResponse;
    get_auth_token get_auth_token_as(GetAuthTokenRequest) -> GetAuthTokenResponse;
    update_auth_token update_auth_token_as(UpdateAuthTokenRequest) -> UpdateAuthTokenResponse;
    delete_auth_token delete_auth_token_as(DeleteAuthTokenRequest) -> DeleteAuthTokenResponse;
    flush_auth_tokens flush_auth_tokens_as(FlushAuthTokensRequest) -> FlushAuthTokensResponse;
    start_session start_session_as(StartSessionRequest) -> StartSessionResponse;
    create_operator create_operator_as(CreateOperatorRequest) -> CreateOperatorResponse;
    authenticate_operator authenticate_operator_as(AuthenticateOperatorRequest) -> AuthenticateOperatorResponse;
    list_operators list_operators_as(ListOperatorsRequest) -> ListOperatorsResponse;
}

/// A new app with its keys.
pub struct App {
    pub id: String,
    pub auth_key: pb::ApiKey,
    pub rest_key: pb::ApiKey,
}

impl Api {
    pub async fn app(&self) -> App {
        let request = pb::CreateAppRequest { app_id: unique("a"), name: "Test".to_owned(), region: String::new() };
        let made = self.create_app(request).await.unwrap();
        App { id: made.app.unwrap().app_id, auth_key: made.auth_key.unwrap(), rest_key: made.rest_api_key.unwrap() }
    }

    /// A new auth token.
    pub async fn token(&self, app_id: &str, uid: &str) -> pb::AuthToken {
        let request = pb::CreateAuthTokenRequest { app_id: app_id.to_owned(), uid: uid.to_owned(), force: true };
        self.create_auth_token(request).await.unwrap().auth_token.unwrap()
    }

    /// A session on a device with a token.
    pub async fn session(&self, app_id: &str, auth_token: &str, device_id: &str) -> pb::StartSessionResponse {
        let request = pb::StartSessionRequest {
            app_id: app_id.to_owned(),
            auth_token: auth_token.to_owned(),
            device_id: device_id.to_owned(),
            ..Default::default()
        };
        self.start_session(request).await.unwrap()
    }

    pub async fn authenticate(&self, request: pb::AuthenticateRequest) -> Outcome<pb::AuthenticateResponse> {
        outcome(AuthServiceClient::new(self.transport.clone()).authenticate(request).await)
    }

    pub async fn principal(&self, app_id: &str, credential: Credential) -> Outcome<Principal> {
        let request = pb::AuthenticateRequest { app_id: app_id.to_owned(), credential: Some(credential) };
        self.authenticate(request).await.map(|answer| answer.principal.unwrap())
    }

    /// Whether an auth token is valid.
    pub async fn is_valid(&self, app_id: &str, auth_token: &str) -> bool {
        self.principal(app_id, Credential::AuthToken(auth_token.to_owned())).await.is_ok()
    }

    /// A user's tokens, the newest first.
    pub async fn tokens_of(&self, app_id: &str, uid: &str) -> Vec<pb::AuthToken> {
        let page = Some(PageRequest { page: 1, per_page: 1000 });
        let request = pb::ListAuthTokensRequest { app_id: app_id.to_owned(), uid: uid.to_owned(), page };
        self.list_auth_tokens(request).await.unwrap().auth_tokens
    }
}

/// A caller who holds a key.
pub fn holder(app_id: &str, key: &pb::ApiKey) -> Caller {
    let principal = ApiKeyPrincipal { key_id: key.key_id.clone(), scope: key.scope, on_behalf_of: String::new() };
    Caller::api_key(app_id, principal)
}

/// A caller who is logged in.
pub fn user(app_id: &str, uid: &str) -> Caller {
    Caller::user(app_id, UserPrincipal { uid: uid.to_owned(), ..Default::default() })
}

pub fn full_access() -> i32 {
    ApiKeyScope::FullAccess.into()
}

pub fn auth_only() -> i32 {
    ApiKeyScope::AuthOnly.into()
}

/// Walks all pages of a list, and checks what each tells of itself.
pub async fn walk<T, F>(per_page: i32, list: F) -> Vec<T>
where
    F: AsyncFn(PageRequest) -> (Vec<T>, Option<PageInfo>),
{
    let mut all = Vec::new();
    for page in 1.. {
        let (rows, info) = list(PageRequest { page, per_page }).await;
        let info = info.unwrap();
        assert_eq!((info.current_page, info.per_page), (page, per_page));
        assert_eq!(info.count, i32::try_from(rows.len()).unwrap());
        all.extend(rows);
        if page >= info.total_pages {
            assert_eq!(info.total, i64::try_from(all.len()).unwrap());
            break;
        }
        assert_eq!(info.count, per_page, "only the last page may be short");
    }
    all
}
