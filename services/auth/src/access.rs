//! Who may ask what. A request without a caller is an edge's own, or a command's: it may do everything.

use halley_contracts::common::v1::{ApiKeyScope, caller::Principal};
use halley_kit::{Caller, caller::METADATA_KEY};
use halley_model::{AppId, limits};
use tonic::{Request, Status};

use crate::error::AuthError;

/// Which callers a call is for.
#[derive(Debug, Clone, Copy)]
pub enum May<'a> {
    /// Everybody of the app.
    Anybody,
    /// API keys of either scope.
    AnyKey,
    /// API keys of full access.
    ServerSide,
    /// API keys of full access, and the user of this uid.
    Own(&'a str),
}

impl May<'_> {
    fn allows(self, principal: &Principal) -> bool {
        match (self, principal) {
            (_, Principal::System(_)) | (Self::Anybody, _) | (Self::AnyKey, Principal::ApiKey(_)) => true,
            (Self::ServerSide | Self::Own(_), Principal::ApiKey(key)) => key.scope() == ApiKeyScope::FullAccess,
            (Self::Own(uid), Principal::User(user)) => user.uid.eq_ignore_ascii_case(uid),
            (Self::AnyKey | Self::ServerSide, Principal::User(_)) => false,
        }
    }
}

/// The caller of a request, if it has one. One that can't be read is an error, never nobody.
fn caller<T>(request: &Request<T>) -> Result<Option<Caller>, Status> {
    match request.metadata().contains_key(METADATA_KEY) {
        true => Ok(Some(Caller::of(request)?)),
        false => Ok(None),
    }
}

/// An app id in lower case. What is no app id is no app's id.
pub fn app_id(given: &str) -> Result<String, AuthError> {
    match AppId::parse(given) {
        Ok(app_id) => Ok(app_id.to_string()),
        Err(_) => Err(AuthError::AppNotFound { app_id: given.chars().take(limits::ID_MAX).collect() }),
    }
}

/// A request about one app, with its app id in lower case: its caller must be of that app, and among those who may.
pub fn of_app<T>(
    request: Request<T>,
    field: impl Fn(&mut T) -> &mut String,
    may: impl Fn(&T) -> May<'_>,
) -> Result<(Option<Caller>, T), Status> {
    let caller = caller(&request)?;
    let mut message = request.into_inner();
    let asked = field(&mut message);
    *asked = app_id(asked)?;
    let Some(caller) = caller else { return Ok((None, message)) };
    if *caller.app_id() != **field(&mut message) {
        return Err(AuthError::AppNotFound { app_id: field(&mut message).clone() }.into());
    }
    if !may(&message).allows(caller.principal()) {
        return Err(AuthError::Denied.into());
    }
    Ok((Some(caller), message))
}

/// A request about the installation, which is no app's business.
pub fn of_installation<T>(request: Request<T>) -> Result<T, Status> {
    match caller(&request)?.as_ref().map(Caller::principal) {
        None | Some(Principal::System(_)) => Ok(request.into_inner()),
        Some(Principal::User(_) | Principal::ApiKey(_)) => Err(AuthError::Denied.into()),
    }
}

#[cfg(test)]
mod tests {
    use halley_contracts::common::v1::{ApiKeyPrincipal, SystemPrincipal, UserPrincipal};

    use super::*;

    #[test]
    fn everybody_may_what_is_theirs() {
        let user = Principal::User(UserPrincipal { uid: "ann".into(), ..Default::default() });
        let key = |scope: ApiKeyScope| Principal::ApiKey(ApiKeyPrincipal { scope: scope.into(), ..Default::default() });
        let (auth_key, rest_key) = (key(ApiKeyScope::AuthOnly), key(ApiKeyScope::FullAccess));
        let table = [
            (May::Anybody, [true, true, true]),
            (May::AnyKey, [false, true, true]),
            (May::ServerSide, [false, false, true]),
            (May::Own("ANN"), [true, false, true]),
            (May::Own("bob"), [false, false, true]),
        ];
        for (may, allowed) in table {
            assert_eq!([&user, &auth_key, &rest_key].map(|principal| may.allows(principal)), allowed, "{may:?}");
            assert!(may.allows(&Principal::System(SystemPrincipal {})), "{may:?}");
        }
    }

    #[test]
    fn a_caller_that_cannot_be_read_is_not_nobody() {
        let mut request = Request::new(());
        request.metadata_mut().insert_bin(METADATA_KEY, tonic::metadata::MetadataValue::from_bytes(b"\xff\xff"));
        assert!(of_installation(request).is_err());
    }
}
