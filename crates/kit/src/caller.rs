//! Who a request is made for, as it travels between services.

use halley_contracts::common::v1 as pb;
use pb::caller::Principal;
use prost::Message as _;
use tonic::metadata::MetadataValue;

use crate::error::PublicError;
use halley_model::ErrorCode;

/// The binary metadata key that carries a caller.
pub const METADATA_KEY: &str = "halley-caller-bin";

/// An authenticated caller. Only an edge makes one; the transport refuses it from anybody else.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    app_id: String,
    principal: Principal,
}

impl Caller {
    /// A logged-in user on a device.
    pub fn user(app_id: impl Into<String>, user: pb::UserPrincipal) -> Self {
        Self { app_id: app_id.into(), principal: Principal::User(user) }
    }

    /// An API key, perhaps acting for a user.
    pub fn api_key(app_id: impl Into<String>, key: pb::ApiKeyPrincipal) -> Self {
        Self { app_id: app_id.into(), principal: Principal::ApiKey(key) }
    }

    /// Halley itself, within one app.
    pub fn system(app_id: impl Into<String>) -> Self {
        Self { app_id: app_id.into(), principal: Principal::System(pb::SystemPrincipal {}) }
    }

    /// The app that every id of the request belongs to.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Who is calling.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The user who acts: the logged-in one, or the one an API key acts for. `None`: the app itself.
    pub fn acting_uid(&self) -> Option<&str> {
        match &self.principal {
            Principal::User(user) => Some(&user.uid),
            Principal::ApiKey(key) if !key.on_behalf_of.is_empty() => Some(&key.on_behalf_of),
            Principal::ApiKey(_) | Principal::System(_) => None,
        }
    }

    /// The acting user, or the error for a call that needs one.
    pub fn require_uid(&self) -> Result<&str, PublicError> {
        self.acting_uid().ok_or_else(|| {
            PublicError::field(
                ErrorCode::BadRequest,
                "onBehalfOf",
                "this call needs a user: send the header onBehalfOf",
            )
        })
    }

    /// The acting user's uid, or `app_system`.
    pub fn actor(&self) -> &str {
        self.acting_uid().unwrap_or(halley_model::APP_SYSTEM_UID)
    }

    /// Whether a logged-in user calls, rather than the app's server side.
    pub fn is_logged_in_user(&self) -> bool {
        matches!(self.principal, Principal::User(_))
    }

    /// The device the call came from; empty when it named none.
    pub fn device_id(&self) -> &str {
        match &self.principal {
            Principal::User(user) => &user.device_id,
            Principal::ApiKey(_) | Principal::System(_) => "",
        }
    }

    /// Wraps a message into a request of this caller.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let caller = pb::Caller { app_id: self.app_id.clone(), principal: Some(self.principal.clone()) };
        request.metadata_mut().insert_bin(METADATA_KEY, MetadataValue::from_bytes(&caller.encode_to_vec()));
        request
    }

    /// Reads the caller of a request. The credential layer has already made sure that an edge sent it.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, PublicError> {
        let missing = || PublicError::internal("the request carries no caller");
        let value = request.metadata().get_bin(METADATA_KEY).ok_or_else(missing)?;
        let bytes = value.to_bytes().map_err(|_| missing())?;
        let caller = pb::Caller::decode(bytes).map_err(|_| missing())?;
        let principal = caller.principal.ok_or_else(missing)?;
        if caller.app_id.is_empty() {
            return Err(missing());
        }
        Ok(Self { app_id: caller.app_id, principal })
    }
}

/// Whether a raw header value holds the caller that any service may claim: Halley itself.
pub(crate) fn is_system(value: &http::HeaderValue) -> bool {
    let headers = http::HeaderMap::from_iter([(http::HeaderName::from_static(METADATA_KEY), value.clone())]);
    let metadata = tonic::metadata::MetadataMap::from_headers(headers);
    let bytes = metadata.get_bin(METADATA_KEY).and_then(|value| value.to_bytes().ok());
    bytes
        .and_then(|bytes| pb::Caller::decode(bytes).ok())
        .is_some_and(|caller| matches!(caller.principal, Some(Principal::System(_))))
}
