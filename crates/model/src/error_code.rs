//! The one catalogue of public error codes: name, HTTP status, gRPC code and meaning.
//!
//! Names are those of REST API v3, plus the few of Halley's own that say so in their meaning. `docs/errors.md` is written from
//! this by `cargo run -p halley-codegen`.

macro_rules! catalogue {
    ($($variant:ident $code:literal $http:literal $grpc:ident $meaning:literal;)*) => {
        /// A public error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in catalogue order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The public name, as in `error.code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status that goes with it.
            pub const fn http(self) -> u16 {
                match self { $(Self::$variant => $http),* }
            }

            /// The gRPC code that goes with it.
            pub const fn grpc(self) -> GrpcCode {
                match self { $(Self::$variant => GrpcCode::$grpc),* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// Its name in the code.
            pub const fn variant(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// Reads a public name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

/// The gRPC status codes in use, by their numbers, so that this crate needs no gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum GrpcCode {
    /// The request itself is wrong.
    InvalidArgument = 3,
    /// Took too long.
    DeadlineExceeded = 4,
    /// No such thing.
    NotFound = 5,
    /// There is one already.
    AlreadyExists = 6,
    /// Known, but may not.
    PermissionDenied = 7,
    /// A limit or quota.
    ResourceExhausted = 8,
    /// Not in this state.
    FailedPrecondition = 9,
    /// A fault of the server.
    Internal = 13,
    /// Try again.
    Unavailable = 14,
    /// No valid credential.
    Unauthenticated = 16,
}

impl GrpcCode {
    /// The name in the gRPC specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

catalogue! {
    EmptyAppId "AUTH_ERR_EMPTY_APPID" 401 Unauthenticated "The app id is missing.";
    InvalidAppId "AUTH_ERR_INVALID_APPID" 401 Unauthenticated "There is no such app.";
    EmptyApiKey "AUTH_ERR_EMPTY_APIKEY" 401 Unauthenticated "Neither an API key nor an auth token was given.";
    ApiKeyNotValid "AUTH_ERR_APIKEY_NOT_FOUND" 401 Unauthenticated "The API key is wrong.";
    NoAccess "AUTH_ERR_NO_ACCESS" 403 PermissionDenied "The API key's scope does not allow this call.";
    EmptyAuthToken "AUTH_ERR_EMPTY_AUTH_TOKEN" 401 Unauthenticated "The auth token is missing.";
    AuthTokenNotValid "AUTH_ERR_AUTH_TOKEN_NOT_FOUND" 401 Unauthenticated "The auth token is wrong or has been revoked.";
    InvalidCredentials "AUTH_ERR_INVALID_CREDENTIALS" 401 Unauthenticated "The operator's address or password is wrong (Halley's own).";
    SessionNotValid "AUTH_ERR_SESSION_NOT_VALID" 401 Unauthenticated "The operator's session has ended (Halley's own).";
    CrossSite "AUTH_ERR_CROSS_SITE" 403 PermissionDenied "A call by session lacks its x-csrf-token, or comes from another site (Halley's own).";

    ApiKeyNotFound "ERR_APIKEY_NOT_FOUND" 404 NotFound "There is no such API key.";
    ApiKeySelfAction "ERR_APIKEY_NO_SELF_ACTION" 403 PermissionDenied "An API key can't change or delete itself.";
    AuthTokenNotFound "ERR_AUTH_TOKEN_NOT_FOUND" 404 NotFound "The user has no such auth token.";
    AuthTokenUnavailable "ERR_AUTHTOKEN_UNAVAILABLE" 409 FailedPrecondition "The auth token is on another device.";
    AuthTokenNotAccessible "ERR_AUTHTOKEN_NOT_ACCESSIBLE" 403 PermissionDenied "The auth token is another user's.";
    AppAlreadyExists "ERR_APP_ALREADY_EXISTS" 409 AlreadyExists "There is an app of that id (Halley's own).";
    OperatorAlreadyExists "ERR_OPERATOR_ALREADY_EXISTS" 409 AlreadyExists "There is an operator of that address (Halley's own).";
    AppNotFound "ERR_APP_NOT_FOUND" 404 NotFound "There is no such app, or it is not the operator's.";
    AppArchived "ERR_APP_ARCHIVED" 403 PermissionDenied "The app is archived and will be deleted.";
    AlreadyAnOwner "ERR_ALREADY_AN_OWNER" 409 AlreadyExists "The app's owner is no collaborator.";
    NotACollaborator "ERR_NOT_A_COLLABORATOR" 404 NotFound "The app has no such collaborator.";
    SelfActionDenied "ERR_SELF_ACTION_DENIED" 403 PermissionDenied "Not on oneself.";
    ManagementKeyNotFound "ERR_MANAGEMENT_KEY_NOT_FOUND" 404 NotFound "The operator has no such management key (Halley's own).";
    OperatorNotFound "ERR_OPERATOR_NOT_FOUND" 404 NotFound "There is no operator of that address (Halley's own).";
    LastOwner "ERR_LAST_OWNER" 409 FailedPrecondition "The installation would be without an owner (Halley's own).";
    EmptyAuthHeader "AUTH_ERR_EMPTY_AUTH_HEADER" 401 Unauthenticated "The management key and its secret are missing.";
    WebhookNotFound "ERR_WEBHOOK_NOT_FOUND" 404 NotFound "The app has no such webhook.";
    WebhookAlreadyExists "ERR_WEBHOOK_ALREADY_EXISTS" 409 AlreadyExists "The app has a webhook of that id (Halley's own).";
    WebhookDeliveryNotFound "ERR_WEBHOOK_DELIVERY_NOT_FOUND" 404 NotFound "The webhook has no such delivery (Halley's own).";
    WebhookDeliveryNotSendable "ERR_WEBHOOK_DELIVERY_NOT_SENDABLE" 409 FailedPrecondition
        "The delivery is under way, or its body is not kept any more (Halley's own).";
    TriggerNotFound "ERR_TRIGGER_NOT_FOUND" 404 NotFound "There is no such trigger.";
    PushTokenNotFound "ERR_TOKEN_NOT_FOUND" 404 NotFound "There is no such push token.";
    QuotaRestriction "ERR_PLAN_QUOTA_RESTRICTION" 403 ResourceExhausted "A limit of the app is reached.";

    RoleNotFound "ERR_ROLE_NOT_FOUND" 404 NotFound "There is no such role.";
    RoleAlreadyExists "ERR_ROLE_ALREADY_EXISTS" 409 AlreadyExists "There is a role of that id.";
    RoleDeleteDenied "ERR_ROLE_DELETE_DENIED" 403 PermissionDenied "The default role can't be deleted.";
    PermissionDenied "ERR_PERMISSION_DENIED" 403 PermissionDenied "The user's role or scope does not allow this.";

    UidNotFound "ERR_UID_NOT_FOUND" 404 NotFound "There is no such user, or it is deactivated.";
    UidAlreadyExists "ERR_UID_ALREADY_EXISTS" 409 AlreadyExists "There is a user of that uid.";
    InvalidUid "ERR_INVALID_UID" 400 InvalidArgument "The uid has characters that ids don't have.";
    BotNotFound "ERR_BOT_NOT_FOUND" 404 NotFound "There is no bot of that uid.";
    BotAlreadyExists "ERR_BOT_ALREADY_EXISTS" 409 AlreadyExists "The user is a bot already.";
    AlreadyFriend "ERR_ALREADY_FRIEND" 409 AlreadyExists "The two are friends already.";
    NotAFriend "ERR_NOT_A_FRIEND" 400 FailedPrecondition "The two are no friends.";
    SelfRelation "ERR_CANNOT_FORM_SELF_RELATION" 400 InvalidArgument "Nobody is a friend of themselves.";
    FailedToAddFriend "ERR_FAILED_TO_ADD_FRIEND" 400 ResourceExhausted "The friend can't be added: a list is full.";
    CannotBlockSelf "ERR_CANNOT_BLOCK_SELF" 400 InvalidArgument "Nobody blocks themselves.";
    BlockedReceiver "ERR_BLOCKED_RECEIVER" 403 PermissionDenied "The sender has blocked the receiver.";
    BlockedSender "ERR_BLOCKED_SENDER" 403 PermissionDenied "The receiver has blocked the sender.";

    GuidNotFound "ERR_GUID_NOT_FOUND" 404 NotFound "There is no such group.";
    GuidAlreadyExists "ERR_GUID_ALREADY_EXISTS" 409 AlreadyExists "There is a group of that guid.";
    InvalidGuid "ERR_INVALID_GUID" 400 InvalidArgument "The guid has characters that ids don't have.";
    EmptyGroupPassword "ERR_EMPTY_GROUP_PASS" 400 InvalidArgument "The group needs a password.";
    WrongGroupPassword "ERR_WRONG_GROUP_PASS" 403 PermissionDenied "The group's password is another.";
    NotAMember "ERR_NOT_A_MEMBER" 400 FailedPrecondition "That user is no member of the group.";
    AlreadyJoined "ERR_ALREADY_JOINED" 409 AlreadyExists "The user is a member already.";
    GroupNotJoined "ERR_GROUP_NOT_JOINED" 403 PermissionDenied "The acting user is no member of the group.";
    GroupJoinNotAllowed "ERR_GROUP_JOIN_NOT_ALLOWED" 403 PermissionDenied "A private group can't be joined.";
    NoVacancy "ERR_NO_VACANCY" 403 ResourceExhausted "The group is full.";
    SameScope "ERR_SAME_SCOPE" 400 FailedPrecondition "The member has that scope already.";
    NotABannedUser "ERR_NOT_A_BANNED_USER" 400 FailedPrecondition "That user is not banned.";
    BannedGroupMember "ERR_BANNED_GROUPMEMBER" 403 PermissionDenied "The user is banned from the group.";
    AlreadyBanned "ERR_ALREADY_BANNED" 409 AlreadyExists "The user is banned already.";
    GroupNoClearance "ERR_GROUP_NO_CLEARANCE" 403 PermissionDenied "The acting user's scope is too low.";
    GroupNoScopeClearance "ERR_GROUP_NO_SCOPE_CLEARANCE" 403 PermissionDenied "The acting user may not change that scope.";
    GroupNoSelfAction "ERR_GROUP_NO_SELF_ACTION" 400 InvalidArgument "Not on oneself.";

    EmptyReceiver "ERR_EMPTY_RECEIVER" 400 InvalidArgument "The receiver is missing.";
    InvalidReceiverType "ERR_INVALID_RECEIVER_TYPE" 400 InvalidArgument "The receiver type is neither user nor group.";
    InvalidMessageData "ERR_INVALID_MESSAGE_DATA" 400 InvalidArgument "The message's data is not an object.";
    EmptyMessageText "ERR_EMPTY_MESSAGE_TEXT" 400 InvalidArgument "The text is missing.";
    InvalidMessageText "ERR_INVALID_MESSAGE_TEXT" 400 InvalidArgument "The text is not a string.";
    EmptyMessageCategory "ERR_EMPTY_MESSAGE_CATEGORY" 400 InvalidArgument "The category is missing.";
    InvalidMessageCategory "ERR_INVALID_MESSAGE_CATEGORY" 400 InvalidArgument "Messages of that category can't be sent.";
    EmptyMessageType "ERR_EMPTY_MESSAGE_TYPE" 400 InvalidArgument "The type is missing.";
    InvalidMessageType "ERR_INVALID_MESSAGE_TYPE" 400 InvalidArgument "The category has no such type.";
    EmptyMessageFile "ERR_EMPTY_MESSAGE_FILE" 400 InvalidArgument "A media message needs an attachment.";
    EmptyCustomData "ERR_EMPTY_CUSTOM_DATA" 400 InvalidArgument "A custom message needs customData.";
    InvalidCustomData "ERR_INVALID_CUSTOM_DATA" 400 InvalidArgument "customData is not an object.";
    InvalidMediaMessage "ERR_INVALID_MEDIA_MESSAGE" 400 InvalidArgument "An attachment is not as it must be.";
    FileSizeExceeded "ERR_FILE_SIZE_EXCEEDED" 413 InvalidArgument "The file is larger than the limit.";
    FileCountExceeded "ERR_FILE_COUNT_EXCEEDED" 400 InvalidArgument "There are more files than the limit.";
    UploadExpired "ERR_PRESIGNED_URL_EXPIRED" 403 PermissionDenied "The permission to upload has expired.";
    UploadNotAllowed "ERR_UPLOAD_NOT_ALLOWED" 403 PermissionDenied "The upload was not permitted, or has been made (Halley's own).";
    MediaNotFound "ERR_MEDIA_NOT_FOUND" 404 NotFound "There is no such file (Halley's own).";
    InvalidMetadata "ERR_INVALID_METADATA" 400 InvalidArgument "The metadata is not an object.";
    MessageIdNotFound "ERR_MESSAGE_ID_NOT_FOUND" 404 NotFound "There is no such message.";
    MessageNoAccess "ERR_MESSAGE_NO_ACCESS" 403 PermissionDenied "The message is in a conversation of others.";
    MessageNotASender "ERR_MESSAGE_NOT_A_SENDER" 403 PermissionDenied "Only who wrote the message may change it.";
    MessageActionNotAllowed "ERR_MESSAGE_ACTION_NOT_ALLOWED" 400 FailedPrecondition "Actions and calls can't be changed.";
    WrongMessageThread "ERR_WRONG_MESSAGE_THREAD" 400 InvalidArgument "The parent is in another conversation.";
    MessageThreadNesting "ERR_MESSAGE_THREAD_NESTING" 400 InvalidArgument "The parent is a reply itself.";
    WrongMessageThreadCategory "ERR_WRONG_MESSAGE_THREAD_CATEGORY" 400 InvalidArgument "The parent is of a category without threads.";
    PinnedMessagesLimit "ERR_PINNED_MESSAGES_LIMIT_EXCEEDED" 400 ResourceExhausted "The conversation has as many pinned messages as it may.";
    SavedMessagesLimit "ERR_SAVED_MESSAGES_LIMIT_EXCEEDED" 400 ResourceExhausted "The user has saved as many messages as it may.";
    PinnedConversationsLimit "ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED" 400 ResourceExhausted "The user has pinned as many conversations as it may.";
    SystemPinnedConversationsLimit "ERR_SYSTEM_PINNED_CONVERSATIONS_LIMIT_EXCEEDED" 400 ResourceExhausted "The app pins as many conversations as it may.";
    SystemPinnedConversation "ERR_SYSTEM_PINNED_CONVERSATION" 403 PermissionDenied "The app pinned the conversation: a user can't pin or unpin it.";
    ConversationNotFound "ERR_CONVERSATION_NOT_FOUND" 404 NotFound "The user has no such conversation.";
    ConversationNotAccessible "ERR_CONVERSATION_NOT_ACCESSIBLE" 403 PermissionDenied "The user is no part of that conversation, or it has none yet.";

    CallingSelf "ERR_CALLING_SELF" 400 InvalidArgument "Nobody calls themselves.";
    CallBusySelf "ERR_CALL_BUSY_SELF" 409 FailedPrecondition "The user is in another call.";
    CallBusyGroup "ERR_CALL_BUSY_GROUP" 409 FailedPrecondition "The group has a call already.";
    CallBusyUser "ERR_CALL_BUSY_USER" 409 FailedPrecondition "The receiver is in another call.";
    EmptyCallSessionId "ERR_EMPTY_CALL_SESSION_ID" 400 InvalidArgument "The session's id is missing.";
    CallSessionNotFound "ERR_CALL_SESSION_NOT_FOUND" 404 NotFound "There is no such call.";
    CallTerminated "ERR_CALL_TERMINATED" 400 FailedPrecondition "The call is over.";
    CallGroupAlreadyJoined "ERR_CALL_GROUP_ALREADY_JOINED" 400 FailedPrecondition "The user has joined the group's call already.";
    CallGroupAlreadyLeft "ERR_CALL_GROUP_ALREADY_LEFT" 400 FailedPrecondition "The user has left the group's call already.";
    CallInvalidInit "ERR_CALL_INVALID_INIT" 400 FailedPrecondition "A call can't be initiated again.";
    CallUserAlreadyJoined "ERR_CALL_USER_ALREADY_JOINED" 400 FailedPrecondition "The user has joined the call already.";
    CallGroupInvalidStatus "ERR_CALL_GROUP_INVALID_STATUS" 400 InvalidArgument "The call of a group can't have that status.";
    CallOngoingToInvalid "ERR_CALL_ONGOING_TO_INVALID" 400 FailedPrecondition "A call that goes on can only be ended.";
    CallNotAPart "ERR_CALL_NOT_A_PART" 403 PermissionDenied "The user has no part in the call.";
    CallEmptyJoinedAt "ERR_CALL_EMPTY_JOINED_AT" 400 InvalidArgument "joinedAt is needed to join the call of a group.";
    CallNotStarted "ERR_CALL_NOT_STARTED" 400 FailedPrecondition "The call was not answered: it can't be ended.";

    ReasonNotFound "ERR_REASON_NOT_FOUND" 404 NotFound "There is no such reason.";

    ImportMuidAlreadyExists "ERR_IMPORT_MUID_ALREADY_EXISTS" 409 AlreadyExists "Another message has that muid; importing the same one again changes nothing.";
    ImportInvalidMessageFormat "ERR_IMPORT_INVALID_MESSAGE_FORMAT" 400 InvalidArgument "A message to import is not as it must be.";
    ImportInvalidUserFormat "ERR_IMPORT_INVALID_USER_FORMAT" 400 InvalidArgument "A user to import is not as it must be.";
    ImportInvalidMemberFormat "ERR_IMPORT_INVALID_MEMBER_FORMAT" 400 InvalidArgument "A member to import is not as it must be.";
    ImportInvalidGroupFormat "ERR_IMPORT_INVALID_GROUP_FORMAT" 400 InvalidArgument "A group to import is not as it must be.";
    ImportInvalidJoinedAt "ERR_IMPORT_INVALID_JOINEDAT" 400 InvalidArgument "joinedAt is before the group's creation or in the future.";

    InvalidApiVersion "ERR_INVALID_API_VERSION" 404 NotFound "There is no such version of the API.";
    ApiNotFound "ERR_API_NOT_FOUND" 404 NotFound "There is no such path, or not with that method.";
    BadRequest "ERR_BAD_REQUEST" 400 InvalidArgument "The request is not as it must be; details name the fields.";
    PayloadTooLarge "ERR_PAYLOAD_TOO_LARGE" 413 InvalidArgument "The body is larger than the limit (Halley's own).";
    TooManyRequests "ERR_TOO_MANY_REQUESTS" 429 ResourceExhausted "Too many requests: try again later.";
    Timeout "ERR_TIMEOUT" 504 DeadlineExceeded "The call took too long; it may have taken effect (Halley's own).";
    Unavailable "ERR_SERVICE_UNAVAILABLE" 503 Unavailable "A part of the server can't be reached: try again (Halley's own).";
    Exception "ERR_EXCEPTION" 500 Internal "A fault of the server; its log tells more.";
}

/// Codes that nothing answers, and why they are kept: clients know their names.
pub const NEVER_ANSWERED: &[(ErrorCode, &str)] =
    &[(ErrorCode::AuthTokenUnavailable, "an auth token is good on any number of devices")];

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn every_code_is_read_back_and_named_once() {
        for (i, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
            assert!(ErrorCode::ALL[i + 1..].iter().all(|other| other.as_str() != code.as_str()));
        }
    }
}
