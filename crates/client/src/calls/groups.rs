use http::Method;
use serde_json::{Value, json};

use super::{Fates, fates, segment};
use crate::request::{List, Request, Walk, filters};
use crate::{ApiClient, BannedUser, ClientError, Group, GroupType, Member, MemberScope};

/// The protocol's limit of one call.
const MEMBERS_PER_CALL: usize = 25;

/// The list of groups.
pub struct GroupsList;

impl List for GroupsList {
    type Row = Group;
}

filters! { GroupsList {
    /// The beginning of a guid or a name.
    search: text => "searchKey",
    /// Groups that the logged-in user is in.
    joined_only: flag => "hasJoined",
    /// `public`, `password`, `private`.
    types: list => "types",
    /// Groups with one of these tags.
    tags: list => "tags",
    /// Shows tags.
    with_tags: flag => "withTags",
}}

/// The list of a group's members.
pub struct MembersList;

impl List for MembersList {
    type Row = Member;
}

filters! { MembersList {
    /// The beginning of a uid or a name.
    search: text => "searchKey",
    /// `admin`, `moderator`, `participant`.
    scopes: list => "scopes",
    /// Those who are online, or those who are not.
    online: online => "status",
}}

/// The list of users who are banned from a group.
pub struct BannedUsersList;

impl List for BannedUsersList {
    type Row = BannedUser;
}

/// Uids by the place that they get in a group.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberLists {
    /// Become admins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admins: Vec<String>,
    /// Become moderators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moderators: Vec<String>,
    /// Become participants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
    /// Are banned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users_to_ban: Vec<String>,
}

/// A group to make, or what is to change in one: what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct GroupFields {
    fields: serde_json::Map<String, Value>,
}

impl GroupFields {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it is called.
    pub fn name(self, name: &str) -> Self {
        self.set("name", name)
    }

    /// How one gets in; public without it.
    pub fn kind(self, kind: GroupType) -> Self {
        self.set("type", kind.as_str())
    }

    /// Of a group of the type [`GroupType::Password`], which needs one.
    pub fn password(self, password: &str) -> Self {
        self.set("password", password)
    }

    /// Address of a picture.
    pub fn icon(self, icon: &str) -> Self {
        self.set("icon", icon)
    }

    /// What it is about.
    pub fn description(self, description: &str) -> Self {
        self.set("description", description)
    }

    /// An object of the app's own.
    pub fn metadata(self, metadata: Value) -> Self {
        self.set("metadata", metadata)
    }

    /// Words of the app. They replace those that there were.
    pub fn tags(self, tags: &[&str]) -> Self {
        self.set("tags", tags.to_vec())
    }

    /// Fields to clear: `icon`, `description`, `metadata`.
    pub fn unset(self, fields: &[&str]) -> Self {
        self.set("unset", fields.to_vec())
    }

    /// Who is in a new group from its beginning.
    pub fn members(self, members: &MemberLists) -> Self {
        self.set("members", json!(members))
    }

    fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.into(), value.into());
        self
    }
}

/// Groups and their members, as the logged-in user may see and change them; made by [`crate::HalleyChat::groups`].
pub struct Groups<'a> {
    pub(crate) api: &'a ApiClient,
}

impl Groups<'_> {
    /// Makes a group, of which the logged-in user is the owner; it needs a name.
    pub async fn create(&self, guid: &str, fields: GroupFields) -> Result<Group, ClientError> {
        let is_open = !fields.fields.contains_key("type");
        let fields = fields.set("guid", guid);
        let fields = if is_open { fields.kind(GroupType::Public) } else { fields };
        self.api.call_data(Method::POST, "/groups", &[], Some(&Value::Object(fields.fields))).await
    }

    /// One group.
    pub async fn get(&self, guid: &str) -> Result<Group, ClientError> {
        self.api.read_data(&path(guid), &[]).await
    }

    /// Changes a group.
    pub async fn update(&self, guid: &str, fields: GroupFields) -> Result<Group, ClientError> {
        self.api.call_data(Method::PUT, &path(guid), &[], Some(&Value::Object(fields.fields))).await
    }

    /// Deletes a group with everything that was said in it.
    pub async fn delete(&self, guid: &str) -> Result<(), ClientError> {
        self.api.call(Method::DELETE, &path(guid), &[], None).await.map(drop)
    }

    /// Groups, those that the user may see.
    pub fn list(&self) -> Request<GroupsList> {
        Request::new(self.api, "/groups", Walk::numbered())
    }

    /// Joins a group; those of the type [`GroupType::Password`] need one.
    pub async fn join(&self, guid: &str, password: Option<&str>) -> Result<Group, ClientError> {
        let body = password.map_or_else(|| json!({}), |password| json!({"password": password}));
        let path = format!("{}/members", path(guid));
        let action: Value = self.api.call_data(Method::POST, &path, &[], Some(&body)).await?;
        Ok(Group::from(action["data"]["entities"]["for"]["entity"].clone()))
    }

    /// Leaves a group.
    pub async fn leave(&self, guid: &str) -> Result<(), ClientError> {
        self.api.leave_group(guid).await
    }

    /// Gives a group to another member.
    pub async fn transfer(&self, guid: &str, uid: &str) -> Result<(), ClientError> {
        let body = json!({"owner": uid});
        self.api.call(Method::PATCH, &format!("{}/owner", path(guid)), &[], Some(&body)).await.map(drop)
    }

    /// The members of a group.
    pub fn members(&self, guid: &str) -> Request<MembersList> {
        Request::new(self.api, format!("{}/members", path(guid)), Walk::numbered())
    }

    /// Adds users. What could not be done is in the answer, by uid.
    pub async fn add_members(&self, guid: &str, members: &MemberLists) -> Result<Fates, ClientError> {
        let path = format!("{}/members", path(guid));
        let answer: Value = self.api.call_data(Method::PUT, &path, &[], Some(&json!(members))).await?;
        Ok(answer.as_object().into_iter().flat_map(|lists| lists.values()).flat_map(fates).collect())
    }

    /// Makes a member an admin, a moderator or a participant.
    pub async fn set_scope(&self, guid: &str, uid: &str, scope: MemberScope) -> Result<(), ClientError> {
        let body = json!({"scope": scope.as_str()});
        self.api.call(Method::PUT, &place(guid, "members", uid), &[], Some(&body)).await.map(drop)
    }

    /// Puts a member out; the user may come again.
    pub async fn kick(&self, guid: &str, uid: &str) -> Result<(), ClientError> {
        self.api.kick_member(guid, uid).await
    }

    /// Puts a user out for good.
    pub async fn ban(&self, guid: &str, uid: &str) -> Result<(), ClientError> {
        self.api.call(Method::POST, &place(guid, "bannedusers", uid), &[], None).await.map(drop)
    }

    /// Bans a user no longer; the user is not a member by it.
    pub async fn unban(&self, guid: &str, uid: &str) -> Result<(), ClientError> {
        self.api.call(Method::DELETE, &place(guid, "bannedusers", uid), &[], None).await.map(drop)
    }

    /// Users who are banned from a group.
    pub fn banned(&self, guid: &str) -> Request<BannedUsersList> {
        Request::new(self.api, format!("{}/bannedusers", path(guid)), Walk::numbered())
    }
}

fn path(guid: &str) -> String {
    format!("/groups/{}", segment(guid))
}

fn place(guid: &str, what: &str, uid: &str) -> String {
    format!("{}/{what}/{}", path(guid), segment(uid))
}

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
            retry_after: None,
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
