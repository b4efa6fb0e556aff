//! Queries of lists. Lists of words may be given as `name=a,b`, `name=a&name=b` or `name[]=a&name[]=b`.

use halley_wire::schema::{ApiKeyScope, Category, GroupType, MemberScope, ReceiverType};
use utoipa::{IntoParams, ToSchema};

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

/// Filters of conversations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Conversations {
    /// Only those with users, or of groups.
    #[param(inline)]
    conversation_type: Option<ReceiverType>,
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
    /// Only this conversation.
    conversation_id: Option<String>,
}

/// Unread counts instead of messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Count {
    /// Answer how many messages are unread in each conversation.
    #[param(inline)]
    count: Option<Truth>,
    /// With `count`: only conversations with users, or of groups.
    #[param(inline)]
    receiver_type: Option<ReceiverType>,
}
