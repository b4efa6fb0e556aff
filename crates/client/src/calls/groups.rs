use http::Method;
use serde_json::{Value, json};

use super::segment;
use crate::{ApiClient, ClientError};

/// The protocol's limit of one call.
const MEMBERS_PER_CALL: usize = 25;

impl ApiClient {
    /// Creates a public group.
    pub async fn create_group(&self, guid: &str, name: &str) -> Result<Value, ClientError> {
        let body = json!({"guid": guid, "name": name, "type": "public"});
        self.call_data(Method::POST, "/groups", &[], Some(&body)).await
    }

    /// The same, but a group that exists already is no error.
    pub async fn ensure_group(&self, guid: &str, name: &str) -> Result<(), ClientError> {
        match self.create_group(guid, name).await {
            Err(error) if error.code() == Some("ERR_GUID_ALREADY_EXISTS") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Adds participants, in as many calls as the protocol needs. Those who are members already are no error.
    pub async fn add_members(&self, guid: &str, uids: &[String]) -> Result<(), ClientError> {
        let path = format!("/groups/{}/members", segment(guid));
        // For a user, POST means to join; for an API key it means to add.
        let method = if self.is_user() { Method::PUT } else { Method::POST };
        for chunk in uids.chunks(MEMBERS_PER_CALL) {
            let body = json!({"participants": chunk});
            let reply: Value = self.call_data(method.clone(), &path, &[], Some(&body)).await?;
            check_added(&reply)?;
        }
        Ok(())
    }

    /// Joins a public group. Needs an auth token.
    pub async fn join_group(&self, guid: &str) -> Result<Value, ClientError> {
        let path = format!("/groups/{}/members", segment(guid));
        self.call_data(Method::POST, &path, &[], Some(&json!({}))).await
    }

    /// Leaves a group. Needs an auth token.
    pub async fn leave_group(&self, guid: &str) -> Result<(), ClientError> {
        let path = format!("/groups/{}/members", segment(guid));
        self.call(Method::DELETE, &path, &[], None).await.map(drop)
    }

    /// Removes a member, who may come back.
    pub async fn kick_member(&self, guid: &str, uid: &str) -> Result<(), ClientError> {
        let path = format!("/groups/{}/members/{}", segment(guid), segment(uid));
        self.call(Method::DELETE, &path, &[], None).await.map(drop)
    }
}

/// One uid's failure does not fail the call, so it must be looked for.
fn check_added(reply: &Value) -> Result<(), ClientError> {
    let entries = reply.get("participants").and_then(Value::as_object).into_iter().flatten();
    for (uid, entry) in entries {
        let code = entry["error"]["code"].as_str().unwrap_or_default();
        if entry["success"] == true || code == "ERR_ALREADY_JOINED" {
            continue;
        }
        return Err(ClientError::Api {
            status: 200,
            code: code.to_owned(),
            message: format!("{uid} was not added: {}", entry["error"]["message"].as_str().unwrap_or_default()),
            details: None,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_who_could_not_be_added_is_an_error_unless_already_in() {
        assert!(check_added(&json!({"participants": {"a": {"success": true}}, "admins": {}})).is_ok());
        let refused = |code: &str| json!({"participants": {"a": {"success": false, "error": {"code": code}}}});
        assert!(check_added(&refused("ERR_ALREADY_JOINED")).is_ok());
        assert_eq!(check_added(&refused("ERR_UID_NOT_FOUND")).unwrap_err().code(), Some("ERR_UID_NOT_FOUND"));
    }
}
