//! Queries of lists. Lists of words may be given as `name=a,b`, `name=a&name=b` or `name[]=a&name[]=b`.

use halley_wire::schema::{ApiKeyScope, CallStatus, CallType, Category, GroupType, MemberScope, ReceiverType};
use utoipa::{IntoParams, ToSchema};

/// Which call.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Room {
    /// The call's session id.
    room: Option<String>,
    /// Clients name it; nothing follows from it.
    domain: Option<String>,
}

/// A truth in a query.
#[derive(ToSchema)]
pub enum Truth {
    /// Yes.
    #[schema(rename = "true")]
    True,
    /// No.
    #[schema(rename = "false")]
    False,
    /// Yes.
    #[schema(rename = "1")]
    One,
    /// No.
    #[schema(rename = "0")]
    Zero,
}

/// The numbered page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Page {
    /// The page, counted from 1.
    #[param(minimum = 1, maximum = 2_147_483_647, default = 1)]
    page: Option<i32>,
    /// Rows of a page; `per_page` is read as well.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    per_page: Option<i32>,
}

/// The numbered page of a list that has short pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ShortPage {
    /// The page, counted from 1.
    #[param(minimum = 1, maximum = 2_147_483_647, default = 1)]
    page: Option<i32>,
    /// Rows of a page; `per_page` is read as well.
    #[param(minimum = 1, maximum = 1000, default = 25)]
    per_page: Option<i32>,
}

/// The numbered page of a list whose rows are asked for by a limit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LimitedPage {
    /// The page, counted from 1.
    #[param(minimum = 1, maximum = 2_147_483_647, default = 1)]
    page: Option<i32>,
    /// Rows of a page: without it 50 messages, or 10 reasons. `per_page` and `perPage` are read as well.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i32>,
}

/// A page of a numbered list that begins after a row, whatever has moved since.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Walk {
    /// The `cursor` of a page's `cursor`: the page after that one, in its order. `page` and what sorts count for nothing then.
    cursor: Option<String>,
    /// Sort by the time of change, or of creation where there was none: `append` from the oldest on, `prepend` from the
    /// newest back. `cursor` wins.
    #[param(inline)]
    affix: Option<Affix>,
    /// Unix seconds: only what was changed after that second, or with `prepend` before it. `append` is the way without
    /// `affix`.
    #[param(minimum = 0, maximum = 253_402_300_798_i64)]
    updated_at: Option<i64>,
}

/// Part of a name or id.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Search {
    /// How a name or an id begins.
    search_key: Option<String>,
}

/// Filters of API keys.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeys {
    /// Only keys of this scope.
    #[param(inline)]
    scope: Option<ApiKeyScope>,
}

/// Whom a list of blocks shows.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Direction {
    /// Whom the user has blocked.
    BlockedByMe,
    /// Who has blocked the user.
    HasBlockedMe,
    /// Either.
    Both,
}

/// Filters of blocked users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Blocked {
    /// Whom to show.
    #[param(inline)]
    direction: Option<Direction>,
}

/// Which way a list is sorted.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum SortOrder {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

/// A user's presence as a filter.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Status {
    /// Has an open socket.
    Available,
    /// The same.
    Online,
    /// Has none.
    Offline,
}

/// Fields of users to search in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum UserField {
    /// The id.
    Uid,
    /// The name.
    Name,
}

/// What users are sorted by.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum UserSort {
    /// The name.
    Name,
    /// The time of creation.
    CreatedAt,
}

/// Times of creation and change.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Times {
    /// Unix seconds: created then or later.
    #[param(rename = "createdAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    created_from: Option<i64>,
    /// Unix seconds: created then or earlier.
    #[param(rename = "createdAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    created_to: Option<i64>,
    /// Unix seconds: changed then or later.
    #[param(rename = "updatedAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    updated_from: Option<i64>,
    /// Unix seconds: changed then or earlier.
    #[param(rename = "updatedAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    updated_to: Option<i64>,
}

/// Filters of users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Users {
    /// Fields to search in; all of them without it.
    #[param(inline, style = Form, explode = false)]
    search_in: Option<Vec<UserField>>,
    /// Only these.
    #[param(style = Form, explode = false)]
    uids: Option<Vec<String>>,
    /// Only users of these roles.
    #[param(style = Form, explode = false)]
    roles: Option<Vec<String>>,
    /// Only users with any of these tags.
    #[param(style = Form, explode = false)]
    tags: Option<Vec<String>>,
    /// Only users who are online, or offline.
    #[param(inline)]
    status: Option<Status>,
    /// Deactivated ones as well; the app's server side only.
    #[param(inline)]
    with_deactivated: Option<Truth>,
    /// Deactivated ones and no others; the app's server side only.
    #[param(inline)]
    only_deactivated: Option<Truth>,
    /// Only friends of the acting user.
    #[param(inline)]
    friends_only: Option<Truth>,
    /// Nobody between whom and the acting user there is a block.
    #[param(inline)]
    hide_blocked_users: Option<Truth>,
    /// Show tags.
    #[param(inline)]
    with_tags: Option<Truth>,
    /// Only tell how many there are.
    #[param(inline)]
    count: Option<Truth>,
    /// What to sort by.
    #[param(inline)]
    sort_by: Option<UserSort>,
    /// Which way to sort.
    #[param(inline)]
    sort_order: Option<SortOrder>,
}

/// Fields of groups to search in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupField {
    /// The id.
    Guid,
    /// The name.
    Name,
}

/// What groups are sorted by.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupSort {
    /// The name.
    Name,
    /// The id.
    Guid,
    /// The time of creation.
    CreatedAt,
}

/// Filters of groups.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Groups {
    /// Fields to search in; all of them without it.
    #[param(inline, style = Form, explode = false)]
    search_in: Option<Vec<GroupField>>,
    /// Only these.
    #[param(style = Form, explode = false)]
    guids: Option<Vec<String>>,
    /// Only groups of these types.
    #[param(inline, style = Form, explode = false)]
    types: Option<Vec<GroupType>>,
    /// Only groups with any of these tags.
    #[param(style = Form, explode = false)]
    tags: Option<Vec<String>>,
    /// Only groups that the acting user is in.
    #[param(inline)]
    has_joined: Option<Truth>,
    /// Show tags.
    #[param(inline)]
    with_tags: Option<Truth>,
    /// What to sort by.
    #[param(inline)]
    sort_by: Option<GroupSort>,
    /// Which way to sort.
    #[param(inline)]
    sort_order: Option<SortOrder>,
    /// Exactly so many members.
    #[param(rename = "membersCount[eq]", minimum = -2_147_483_648_i64, maximum = 2_147_483_647)]
    members_eq: Option<i32>,
    /// So many members or more.
    #[param(rename = "membersCount[gte]", minimum = -2_147_483_648_i64, maximum = 2_147_483_647)]
    members_gte: Option<i32>,
    /// More members.
    #[param(rename = "membersCount[gt]", minimum = -2_147_483_648_i64, maximum = 2_147_483_647)]
    members_gt: Option<i32>,
    /// So many members or less.
    #[param(rename = "membersCount[lte]", minimum = -2_147_483_648_i64, maximum = 2_147_483_647)]
    members_lte: Option<i32>,
    /// Less members.
    #[param(rename = "membersCount[lt]", minimum = -2_147_483_648_i64, maximum = 2_147_483_647)]
    members_lt: Option<i32>,
}

/// Filters of members.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Members {
    /// Only members of these scopes.
    #[param(inline, style = Form, explode = false)]
    scopes: Option<Vec<MemberScope>>,
    /// Only members who are online, or offline.
    #[param(inline)]
    status: Option<Status>,
    /// Only these.
    #[param(style = Form, explode = false)]
    uids: Option<Vec<String>>,
}

/// Who pins a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum PinnedBy {
    /// The acting user.
    Me,
    /// The app.
    System,
}

/// Filters of conversations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Conversations {
    /// The end of the page before, as `meta.cursor` names it; in place of `page`.
    cursor: Option<String>,
    /// Answer `meta.cursor`; yes without it.
    #[param(inline)]
    use_cursored_index: Option<Truth>,
    /// Only those with users, or of groups.
    #[param(inline)]
    conversation_type: Option<ReceiverType>,
    /// For the app's server side: a conversation between two once, and not once for each.
    #[param(inline)]
    unique: Option<Truth>,
    /// Only those that are pinned by the user, by the app, or by either.
    #[param(inline, style = Form, explode = false)]
    pinned_by: Option<Vec<PinnedBy>>,
    /// Only those with users who have any of these tags.
    #[param(style = Form, explode = false)]
    user_tags: Option<Vec<String>>,
    /// Only those of groups that have any of these tags.
    #[param(style = Form, explode = false)]
    group_tags: Option<Vec<String>>,
    /// Also those with users whom the acting user has blocked.
    #[param(inline)]
    include_blocked_users: Option<Truth>,
    /// Tell of blocks in the other users.
    #[param(inline)]
    with_blocked_info: Option<Truth>,
    /// None with bots.
    #[param(inline)]
    hide_agentic: Option<Truth>,
    /// Only those with bots; not beside `hideAgentic`.
    #[param(inline)]
    only_agentic: Option<Truth>,
    /// Only those with unread messages.
    #[param(inline)]
    unread: Option<Truth>,
    /// Only those with any of these tags.
    #[param(style = Form, explode = false)]
    tags: Option<Vec<String>>,
    /// Show an empty list of tags, too.
    #[param(inline)]
    with_tags: Option<Truth>,
    /// Show the tags of users and groups.
    #[param(inline)]
    with_user_and_group_tags: Option<Truth>,
}

/// Which way from a cursor.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Affix {
    /// Newer rows.
    Append,
    /// Older rows.
    Prepend,
}

/// A page from a cursor.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Cursor {
    /// Which way from the cursor.
    #[param(inline)]
    affix: Option<Affix>,
    /// Rows of a page; `per_page` is read as well.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<i32>,
    /// The id of the row before the page.
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    id: Option<i64>,
}

/// Further cursors and filters of messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Messages {
    /// A cursor by time of sending, Unix seconds.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    sent_at: Option<i64>,
    /// A cursor by time of change, Unix seconds.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    updated_at: Option<i64>,
    /// A cursor by place in the conversation.
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    sequence: Option<i64>,
    /// Only these categories.
    #[param(inline, style = Form, explode = false)]
    categories: Option<Vec<Category>>,
    /// Only these types.
    #[param(style = Form, explode = false)]
    types: Option<Vec<String>>,
    /// Only messages with files of these kinds: `image`, `video`, `audio` or `file`.
    #[param(style = Form, explode = false)]
    attachment_types: Option<Vec<String>>,
    /// Only messages that mention any of these users.
    #[param(style = Form, explode = false)]
    mentioned_uids: Option<Vec<String>>,
    /// Only messages that mention the acting user.
    #[param(inline)]
    my_mentions_only: Option<Truth>,
    /// Only messages that mention somebody.
    #[param(inline)]
    has_mentions: Option<Truth>,
    /// Only messages with a link in their text.
    #[param(inline)]
    has_links: Option<Truth>,
    /// Show the tags of mentioned users.
    #[param(inline)]
    mentions_with_tag_info: Option<Truth>,
    /// Tell of blocks in mentioned users.
    #[param(inline)]
    mentions_with_blocked_info: Option<Truth>,
    /// In a thread, show its parent before the first reply, beyond the limit.
    #[param(inline)]
    with_parent: Option<Truth>,
    /// Tell to which messages' threads the acting user is subscribed.
    #[param(inline)]
    with_thread_subscribed: Option<Truth>,
    /// Only interactive messages whose goal the acting user has reached.
    #[param(inline)]
    only_interaction_goal_completed: Option<Truth>,
    /// Show no quoted messages.
    #[param(inline)]
    hide_quoted_messages: Option<Truth>,
    /// Only messages with any of these tags.
    #[param(style = Form, explode = false)]
    tags: Option<Vec<String>>,
    /// Only messages of these users.
    #[param(style = Form, explode = false)]
    senders: Option<Vec<String>>,
    /// No replies of threads.
    #[param(inline)]
    hide_replies: Option<Truth>,
    /// Nothing that is deleted.
    #[param(inline)]
    hide_deleted: Option<Truth>,
    /// Nothing but what is deleted.
    #[param(inline)]
    only_deleted: Option<Truth>,
    /// Only unread ones.
    #[param(inline)]
    unread: Option<Truth>,
    /// Only those that are not delivered.
    #[param(inline)]
    undelivered: Option<Truth>,
    /// Only messages that were changed.
    #[param(inline)]
    only_updates: Option<Truth>,
    /// Nothing of whom the acting user has blocked.
    #[param(inline)]
    hide_messages_from_blocked_users: Option<Truth>,
    /// Only messages with files.
    #[param(inline)]
    has_attachments: Option<Truth>,
    /// Only messages with reactions.
    #[param(inline)]
    has_reactions: Option<Truth>,
    /// Only pinned ones.
    #[param(inline)]
    pinned: Option<Truth>,
    /// Only what the acting user has saved.
    #[param(inline)]
    saved: Option<Truth>,
    /// Show each message's place in the conversation, and what was deleted for good as an empty row.
    #[param(inline)]
    with_sequence: Option<Truth>,
    /// Text to search for.
    search_key: Option<String>,
    /// Unix seconds: sent then or later.
    #[param(rename = "sentAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    sent_from: Option<i64>,
    /// Unix seconds: sent then or earlier.
    #[param(rename = "sentAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    sent_to: Option<i64>,
    /// The same as `sentAt[from]`.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    from_timestamp: Option<i64>,
    /// The same as `sentAt[to]`; counts only with `fromTimestamp`.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    to_timestamp: Option<i64>,
    /// Unix seconds: changed then or later.
    #[param(rename = "updatedAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    updated_from: Option<i64>,
    /// Unix seconds: changed then or earlier.
    #[param(rename = "updatedAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    updated_to: Option<i64>,
    /// Unix seconds: edited then or later.
    #[param(rename = "editedAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    edited_from: Option<i64>,
    /// Unix seconds: edited then or earlier.
    #[param(rename = "editedAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    edited_to: Option<i64>,
    /// Only this conversation.
    conversation_id: Option<String>,
    /// Only messages to users, or to groups; with `count` only such conversations.
    #[param(inline)]
    receiver_type: Option<ReceiverType>,
    /// The page, counted from 1, within the first 10,000 rows; a walk by a cursor has no such bound.
    #[param(minimum = 1, maximum = 10_000)]
    page: Option<i32>,
    /// Rows of a page, of callers who count pages.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    per_page: Option<i32>,
}

/// Unread counts instead of messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Count {
    /// Answer how many messages are unread in each conversation.
    #[param(inline)]
    count: Option<Truth>,
}

/// Which way from a cursor among threads.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ThreadAffix {
    /// Threads whose newest reply is older.
    Append,
    /// Threads whose newest reply is newer.
    Prepend,
}

/// Cursor and filters of threads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Threads {
    /// Which way from the cursor; `append` without it.
    #[param(inline)]
    affix: Option<ThreadAffix>,
    /// Rows of a page; `per_page` is read as well.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<i32>,
    /// A cursor by the time of the newest reply, Unix seconds.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    updated_at: Option<i64>,
    /// The same in milliseconds; it wins.
    #[param(minimum = 0)]
    updated_at_ms: Option<i64>,
    /// The parent of the thread before the page.
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    id: Option<i64>,
    /// Only threads that the acting user takes part in.
    #[param(inline)]
    participated_by_me: Option<Truth>,
    /// Count unread replies; to a user they are always told.
    #[param(inline)]
    with_unread_reply_count: Option<Truth>,
    /// Count unread replies that mention the acting user.
    #[param(inline)]
    with_mention_count: Option<Truth>,
}

/// What calls are for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum CallMode {
    /// Calls.
    Call,
    /// Meetings: there are none.
    Meet,
    /// Presentations: there are none.
    Presenter,
}

/// Filters of calls.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Calls {
    /// Only calls of this type.
    #[param(inline, rename = "type")]
    kind: Option<CallType>,
    /// Only calls for this.
    #[param(inline)]
    mode: Option<CallMode>,
    /// Only calls that stand so.
    #[param(inline, style = Form, explode = false)]
    status: Option<Vec<CallStatus>>,
    /// Only calls of users, or of groups.
    #[param(inline)]
    receiver_type: Option<ReceiverType>,
    /// Only calls with so many participants.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    participants_count: Option<i32>,
    /// Only calls that this user took part in.
    #[param(max_length = 100)]
    uid: Option<String>,
    /// Only recorded calls: there are none.
    #[param(inline)]
    has_recording: Option<Truth>,
    /// Only calls that are written down: there are none.
    #[param(inline)]
    has_transcription: Option<Truth>,
    /// Unix seconds: answered then or later.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    started_at: Option<i64>,
    /// The same.
    #[param(rename = "startedAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    started_from: Option<i64>,
    /// Unix seconds: answered then or earlier.
    #[param(rename = "startedAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    started_to: Option<i64>,
    /// Unix seconds: over then or earlier.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    ended_at: Option<i64>,
    /// Unix seconds: over then or later.
    #[param(rename = "endedAt[from]", minimum = 0, maximum = 253_402_300_799_i64)]
    ended_from: Option<i64>,
    /// The same as `endedAt`.
    #[param(rename = "endedAt[to]", minimum = 0, maximum = 253_402_300_799_i64)]
    ended_to: Option<i64>,
}

/// Whose push tokens.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct PushTokens {
    /// The auth token of the device; the caller's own without it.
    #[param(max_length = 4096)]
    auth_token: Option<String>,
    /// Those of all devices of its user.
    #[param(inline)]
    all: Option<Truth>,
}

/// Whether the push tokens of one device or of all.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AllPushTokens {
    /// Those of all devices of the user.
    #[param(inline)]
    all: Option<Truth>,
}

/// A time of connections.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConnectionsRange {
    /// Unix seconds: then or later; a day before `to` by default.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    from: Option<i64>,
    /// Unix seconds: then or earlier; now by default.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    to: Option<i64>,
}

/// Where a page of an export begins.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportCursor {
    /// The `cursor` of the page before.
    #[param(max_length = 500, pattern = "^[0-4][.]")]
    cursor: Option<String>,
}

/// Which actions of operators.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OperatorActions {
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<i32>,
    /// The `cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
    /// Only of the operator with this id.
    #[param(pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    operator: Option<String>,
    /// Only the operation with this id in the description.
    operation: Option<String>,
    /// Unix seconds: then or later.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    from: Option<i64>,
    /// Unix seconds: then or earlier.
    #[param(minimum = 0, maximum = 253_402_300_799_i64)]
    to: Option<i64>,
}

/// Which deliveries of a webhook.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Deliveries {
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<i32>,
    /// The `cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    cursor: Option<String>,
    /// Only of this event.
    #[param(max_length = 100)]
    trigger: Option<String>,
    /// Only in this state.
    #[param(inline)]
    state: Option<super::answer::webhooks::DeliveryState>,
}

/// A time of usage.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct UsageDates {
    /// Its beginning, in Unix seconds or milliseconds.
    #[param(minimum = 1)]
    from_date: i64,
    /// Its end, in Unix seconds or milliseconds.
    #[param(minimum = 1)]
    to_date: i64,
}
