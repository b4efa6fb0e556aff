//! Every documented operation that is in scope, once: what the tests of all endpoints go by.

/// By what an operation knows its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// An API key of full access.
    Key,
    /// An auth key, too.
    AnyKey,
    /// An operator's management key with its secret.
    Operator,
    /// The same as HTTP Basic.
    Basic,
}

/// Whether a user is acted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acting {
    Never,
    May,
    Must,
}

/// A documented operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub id: &'static str,
    pub method: &'static str,
    /// With `{names}` of its parameters.
    pub path: &'static str,
    pub auth: Auth,
    pub acting: Acting,
}

impl Operation {
    /// How many parameters the path has.
    pub fn parameters(&self) -> usize {
        self.path.matches('{').count()
    }

    /// The path with its parameters put in.
    pub fn path_with(&self, parameters: &[&str]) -> String {
        assert_eq!(self.parameters(), parameters.len(), "{}: parameters of {}", self.id, self.path);
        let mut parameters = parameters.iter();
        let part = |part: &str| match part.starts_with('{') {
            true => encoded(parameters.next().copied().unwrap_or_default()),
            false => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The operation of an id.
pub fn operation(id: &str) -> &'static Operation {
    let all = OPERATIONS.iter().chain(OF_OPERATORS);
    all.into_iter().find(|operation| operation.id == id).unwrap_or_else(|| panic!("there is no operation {id}"))
}

macro_rules! operations {
    ($(#[doc = $doc:literal])? $table:ident: $($id:literal $method:ident $path:literal $auth:ident $acting:ident;)*) => {
        $(#[doc = $doc])?
        pub const $table: &[Operation] = &[$(Operation {
            id: $id, method: stringify!($method), path: $path, auth: Auth::$auth, acting: Acting::$acting,
        }),*];
    };
}

operations! {
    /// About operators and the installation: of no app.
    OF_OPERATORS:
    "list-operators" GET "/operators" Operator Never;
    "create-operator" POST "/operators" Operator Never;
    "update-operator" PUT "/operators/{operatorId}" Operator Never;
    "delete-operator" DELETE "/operators/{operatorId}" Operator Never;
    "update-own-operator" PUT "/operators/me" Operator Never;
    "list-management-keys" GET "/operators/{operatorId}/keys" Operator Never;
    "revoke-management-key" DELETE "/operators/{operatorId}/keys/{managementKey}" Operator Never;
    "list-operator-actions" GET "/operators/actions" Operator Never;
    "list-app-actions" GET "/apps/{appId}/actions" Operator Never;
    "list-nodes" GET "/nodes" Operator Never;
    "list-node-connections" GET "/nodes/connections" Operator Never;
}

operations! {
    /// The table.
    OPERATIONS:
    "create-apikey" POST "/apikeys" Key Never;
    "list-apikeys" GET "/apikeys" Key Never;
    "get-apikey" GET "/apikeys/{apiKey}" Key Never;
    "update-apikey" PUT "/apikeys/{apiKey}" Key Never;
    "delete-apikey" DELETE "/apikeys/{apiKey}" Key Never;

    "create-user" POST "/users" AnyKey Never;
    "list-users" GET "/users" Key May;
    "reactivate-users" PUT "/users" Key Never;
    "deactivate-users" DELETE "/users" Key Never;
    "get-user" GET "/users/{uid}" Key May;
    // Clients change users with an auth key.
    "update-user" PUT "/users/{uid}" AnyKey Never;
    "delete-user" DELETE "/users/{uid}" Key Never;
    "export-user" GET "/users/{uid}/export" Key Never;

    "create-authtoken" POST "/users/{uid}/auth_tokens" AnyKey Never;
    "list-authtokens" GET "/users/{uid}/auth_tokens" Key Never;
    "flush-authtokens" DELETE "/users/{uid}/auth_tokens" Key Never;
    "get-authtoken" GET "/users/{uid}/auth_tokens/{authToken}" Key Never;
    "update-authtoken" PUT "/users/{uid}/auth_tokens/{authToken}" Key Never;
    "delete-authtoken" DELETE "/users/{uid}/auth_tokens/{authToken}" Key Never;

    "create-role" POST "/roles" Key Never;
    "list-roles" GET "/roles" Key Never;
    "get-role" GET "/roles/{role}" Key Never;
    "update-role" PUT "/roles/{role}" Key Never;
    "delete-role" DELETE "/roles/{role}" Key Never;

    "restrict-features" POST "/roles/{role}/restrictedfeatures" Key Never;
    "get-restrictedfeatures" GET "/roles/{role}/restrictedfeatures" Key Never;
    "allow-features" DELETE "/roles/{role}/restrictedfeatures" Key Never;

    "list-role-permissions" GET "/roles/{role}/permissions" Key Never;
    "set-role-permissions" PUT "/roles/{role}/permissions" Key Never;
    "unset-role-permissions" DELETE "/roles/{role}/permissions/{permission}" Key Never;
    "list-scope-permissions" GET "/groups/{guid}/scopes/{scope}/permissions" Key Never;
    "set-scope-permissions" PUT "/groups/{guid}/scopes/{scope}/permissions" Key Never;
    "unset-scope-permissions" DELETE "/groups/{guid}/scopes/{scope}/permissions/{permission}" Key Never;

    "block-users" POST "/users/{uid}/blockedusers" Key Never;
    "list-blocked-users" GET "/users/{uid}/blockedusers" Key Never;
    "unblock-users" DELETE "/users/{uid}/blockedusers" Key Never;

    "add-friend" POST "/users/{uid}/friends" Key Never;
    "list-all-friends" GET "/users/{uid}/friends" Key Never;
    "remove-friend" DELETE "/users/{uid}/friends" Key Never;

    "create-group" POST "/groups" Key May;
    "list-groups" GET "/groups" Key May;
    "get-group" GET "/groups/{guid}" Key May;
    "update-group" PUT "/groups/{guid}" Key May;
    "delete-group" DELETE "/groups/{guid}" Key May;

    "add-group-members" POST "/groups/{guid}/members" Key May;
    "list-group-members" GET "/groups/{guid}/members" Key Never;
    "change-group-member-scope" PUT "/groups/{guid}/members/{uid}" Key May;
    "kick-group-member" DELETE "/groups/{guid}/members/{uid}" Key May;

    "ban-group-user" POST "/groups/{guid}/bannedusers/{uid}" Key May;
    "unban-group-user" DELETE "/groups/{guid}/bannedusers/{uid}" Key May;
    "list-banned-group-users" GET "/groups/{guid}/bannedusers" Key Never;

    "send-message" POST "/messages" Key May;
    "list-all-messages" GET "/messages" Key May;
    "get-message-details" GET "/messages/{id}" Key May;
    "update-message" PUT "/messages/{id}" Key May;
    "delete-message" DELETE "/messages/{id}" Key May;
    "mark-message-as-interacted" PATCH "/messages/{id}/interacted" Key Must;
    "pin-message" POST "/messages/{id}/pin" Key May;
    "unpin-message" DELETE "/messages/{id}/pin" Key May;
    "save-message" POST "/messages/{id}/save" Key Must;
    "unsave-message" DELETE "/messages/{id}/save" Key Must;
    "list-all-reactions" GET "/messages/{id}/reactions" Key May;
    "get-message-reactions" GET "/messages/{id}/reactions/{reaction}" Key May;
    "add-message-reactions" POST "/messages/{id}/reactions/{reaction}" Key Must;
    "remove-message-reactions" DELETE "/messages/{id}/reactions/{reaction}" Key Must;
    "send-thread-message" POST "/messages/{id}/thread" Key Must;
    "list-all-thread-messages" GET "/messages/{id}/thread" Key May;
    "list-all-threads" GET "/threads" Key May;
    "subscribe-thread" POST "/messages/{id}/thread/subscription" Key Must;
    "unsubscribe-thread" DELETE "/messages/{id}/thread/subscription" Key Must;
    "user-list-user-messages" GET "/users/{uid}/messages" Key May;
    "user-list-group-messages" GET "/groups/{guid}/messages" Key May;
    "send-bot-message" POST "/bots/{uid}/messages" Key Never;

    "list-all-conversations" GET "/conversations" Key May;
    "get-conversation" GET "/conversations/{conversationId}" Key Must;
    "delete-conversation" DELETE "/conversations/{conversationId}" Key Must;
    "get-user-conversations" GET "/users/{uid}/conversation" Key Must;
    "update-user-conversation" PUT "/users/{uid}/conversation" Key Must;
    "reset-user-conversation" DELETE "/users/{uid}/conversation" Key Must;
    "mark-conversation-as-delivered" POST "/users/{uid}/conversation/delivered" Key Must;
    "mark-conversation-as-read" POST "/users/{uid}/conversation/read" Key Must;
    "mark-conversation-as-unread" DELETE "/users/{uid}/conversation/read" Key Must;
    "get-group-conversations" GET "/groups/{guid}/conversation" Key Must;
    "update-group-conversation" PUT "/groups/{guid}/conversation" Key Must;
    "reset-group-conversation" DELETE "/groups/{guid}/conversation" Key Must;
    "mark-group-conversation-as-delivered" POST "/groups/{guid}/conversation/delivered" Key Must;
    "mark-group-conversation-as-read" POST "/groups/{guid}/conversation/read" Key Must;
    "mark-group-conversation-as-unread" DELETE "/groups/{guid}/conversation/read" Key Must;
    "list-global-pinned-conversations" GET "/conversations/pinned" Key Never;
    "replace-global-pinned-conversations" PUT "/conversations/pinned" Key Never;
    "pin-user-conversation" POST "/users/{uid}/conversation/pin" Key Must;
    "unpin-user-conversation" DELETE "/users/{uid}/conversation/pin" Key Must;
    "pin-group-conversation" POST "/groups/{guid}/conversation/pin" Key Must;
    "unpin-group-conversation" DELETE "/groups/{guid}/conversation/pin" Key Must;

    "usage-metrics" GET "/stats" Key Never;
    "message-receipt-metrics" GET "/stats/messages" Key Never;
    "connection-metrics" GET "/stats/connections" Key Never;

    "import-users" POST "/data_import/users" Key Never;
    "import-groups" POST "/data_import/groups" Key Never;
    "import-members" POST "/data_import/members" Key Never;
    "import-messages" POST "/data_import/messages" Key Never;

    "list-calls" GET "/calls" Key May;
    "retrieve-call-details" GET "/calls/{sessionId}" Key May;
    "retrieve-call-transcriptions" GET "/calls/{sessionId}/transcriptions" Key May;

    "flag-a-message" POST "/messages/{id}/flagged" Key Must;
    "list-flagged-messages" GET "/moderation/flagged-messages" Key Never;
    "blockreview-flagged-message" PATCH "/moderation/flagged-messages/{id}" Key Never;
    "list-reviewed-messages" GET "/moderation/reviewed-messages" Key Never;
    "create-reason" POST "/moderation/reasons" Key Never;
    "list-reasons" GET "/moderation/reasons" Key Never;
    "get-reason-details" GET "/moderation/reasons/{reasonId}" Key Never;
    "update-reason-details" PUT "/moderation/reasons/{reasonId}" Key Never;
    "delete-reason" DELETE "/moderation/reasons/{reasonId}" Key Never;

    "notifications-push-register-token" POST "/notifications/push/v1/tokens" Key Never;
    "notifications-push-list-tokens" GET "/notifications/push/v1/tokens" Key Never;
    "notifications-push-unregister-tokens" DELETE "/notifications/push/v1/tokens" Key Never;
    "notifications-push-delete-token" DELETE "/notifications/push/v1/tokens/{pushToken}" Key Never;

    "create-app" POST "/apps" Operator Never;
    "list-apps" GET "/apps" Operator Never;
    "delete-app" DELETE "/apps/{appId}" Operator Never;
    "fetch-multi-tenant-usage" POST "/apps/{appId}/usage" Operator Never;
    "add-collaborator" POST "/apps/{appId}/collaborators" Operator Never;
    "list-collaborators" GET "/apps/{appId}/collaborators" Operator Never;
    "map-settings" POST "/apps/{appId}/settings" Operator Never;
    "list-settings" GET "/apps/{appId}/settings" Operator Never;
    "unmap-settings" DELETE "/apps/{appId}/settings" Operator Never;
    "create-webhook" POST "/apps/{appId}/webhooks" Operator Never;
    "list-webhooks" GET "/apps/{appId}/webhooks" Operator Never;
    "get-webhook" GET "/apps/{appId}/webhooks/{webhookId}" Operator Never;
    "update-webhook" PUT "/apps/{appId}/webhooks/{webhookId}" Operator Never;
    "delete-webhook" DELETE "/apps/{appId}/webhooks/{webhookId}" Operator Never;
    "add-triggers" POST "/apps/{appId}/webhooks/{webhookId}/triggers" Operator Never;
    "list-triggers" GET "/apps/{appId}/webhooks/{webhookId}/triggers" Operator Never;
    "remove-triggers" DELETE "/apps/{appId}/webhooks/{webhookId}/triggers" Operator Never;
    "add-tenant" POST "/tenants" Basic Never;

    // What clients ask before they upload.
    "create-upload-url" POST "/files/upload-url" Key May;
}
