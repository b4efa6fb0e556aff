use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fates, fates, segment};
use crate::request::{List, Request, Walk, filters};
use crate::{ApiClient, ClientError, User};

/// The list of users.
pub struct UsersList;

impl List for UsersList {
    type Row = User;
}

filters! { UsersList {
    /// The beginning of a uid or a name.
    search: text => "searchKey",
    /// Where to search: `uid`, `name`.
    search_in: list => "searchIn",
    /// These users.
    uids: list => "uids",
    /// Users with one of these roles.
    roles: list => "roles",
    /// Users with one of these tags.
    tags: list => "tags",
    /// Shows tags.
    with_tags: flag => "withTags",
    /// Those who are online, or those who are not.
    online: online => "status",
    /// Friends of the logged-in user.
    friends_only: flag => "friendsOnly",
    /// Leaves blocked users out.
    hide_blocked: flag => "hideBlockedUsers",
    /// `name`, `lastActiveAt` and so on.
    sort_by: text => "sortBy",
    /// `asc` or `desc`.
    sort_order: text => "sortOrder",
}}

/// The list of blocked users.
pub struct BlockedUsersList;

impl List for BlockedUsersList {
    type Row = User;
}

filters! { BlockedUsersList {
    /// `blockedByMe`, `hasBlockedMe`, or `both`.
    direction: text => "direction",
    /// The beginning of a uid or a name.
    search: text => "searchKey",
}}

/// Users, as the logged-in one sees them; made by [`crate::HalleyChat::users`].
pub struct Users<'a> {
    pub(crate) api: &'a ApiClient,
}

impl Users<'_> {
    /// One user.
    pub async fn get(&self, uid: &str) -> Result<User, ClientError> {
        self.api.read_data(&format!("/users/{}", segment(uid)), &[]).await
    }

    /// Users, by name.
    pub fn list(&self) -> Request<UsersList> {
        Request::new(self.api, "/users", Walk::numbered())
    }

    /// Friends of the logged-in user.
    pub fn friends(&self) -> Request<UsersList> {
        self.list().friends_only(true)
    }

    /// Changes the logged-in user: an object with `name`, `avatar`, `link`, `statusMessage`, `metadata`, `tags`; what is
    /// absent stays, and `unset` lists the fields to clear.
    pub async fn update_me(&self, fields: &Value) -> Result<User, ClientError> {
        self.api.call_data(Method::PUT, "/me", &[], Some(fields)).await
    }

    /// Blocks users. What could not be done is in the answer, by uid.
    pub async fn block(&self, uids: &[&str]) -> Result<Fates, ClientError> {
        let body = json!({"blockedUids": uids});
        Ok(fates(&self.api.call_data(Method::POST, "/blockedusers", &[], Some(&body)).await?))
    }

    /// Blocks users no longer.
    pub async fn unblock(&self, uids: &[&str]) -> Result<Fates, ClientError> {
        let body = json!({"blockedUids": uids});
        Ok(fates(&self.api.call_data(Method::DELETE, "/blockedusers", &[], Some(&body)).await?))
    }

    /// Users whom the logged-in one blocked, or who blocked it.
    pub fn blocked(&self) -> Request<BlockedUsersList> {
        Request::new(self.api, "/blockedusers", Walk::numbered())
    }
}

impl ApiClient {
    /// Creates a user. Needs an API key.
    pub async fn create_user(&self, uid: &str, name: &str) -> Result<Value, ClientError> {
        self.call_data(Method::POST, "/users", &[], Some(&json!({"uid": uid, "name": name}))).await
    }

    /// The same, but a user who exists already is no error.
    pub async fn ensure_user(&self, uid: &str, name: &str) -> Result<(), ClientError> {
        match self.create_user(uid, name).await {
            Err(error) if error.code() == Some("ERR_UID_ALREADY_EXISTS") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Makes an auth token for one more device of a user. Needs an API key.
    pub async fn create_auth_token(&self, uid: &str) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Token {
            auth_token: String,
        }
        let path = format!("/users/{}/auth_tokens", segment(uid));
        let token: Token = self.call_data(Method::POST, &path, &[], Some(&json!({"force": true}))).await?;
        Ok(token.auth_token)
    }
}
