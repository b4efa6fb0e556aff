//! What a logged-in user may do to users: the rest is for the app's server side.

use halley_kit::Caller;

use crate::error::{IdentityError, Result};

/// Lets in the app's server side only.
pub(crate) fn server_side(caller: &Caller, what: &'static str) -> Result<()> {
    if caller.is_logged_in_user() { Err(IdentityError::Denied { what }) } else { Ok(()) }
}

/// Lets in the app's server side, and a user on their own account.
pub(crate) fn own_or_server_side(caller: &Caller, uid: &str, what: &'static str) -> Result<()> {
    if caller.is_logged_in_user() && caller.acting_uid() != Some(uid) {
        return Err(IdentityError::Denied { what });
    }
    Ok(())
}
