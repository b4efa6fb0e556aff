//! What is around entities: envelopes, pages, acknowledgements, errors.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::Conversation;

/// An answer.
#[derive(ToSchema)]
pub struct Data<T> {
    /// What was asked for.
    pub data: T,
}

/// A numbered page of a list.
#[derive(ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the page stands.
    pub meta: PageMeta,
}

/// Where a page stands.
#[derive(ToSchema)]
pub struct PageMeta {
    /// Where the page stands.
    pub pagination: Pagination,
}

/// A numbered page of a list that is walked by cursors as well.
#[derive(ToSchema)]
pub struct WalkedPage<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the page stands.
    pub meta: WalkedPageMeta,
    /// The same as in `meta`.
    #[schema(required = false)]
    pub cursor: ListCursor,
}

/// Where a page stands.
#[derive(ToSchema)]
pub struct WalkedPageMeta {
    /// Where the page stands. The whole list is counted, also by pages that begin after a row.
    pub pagination: Pagination,
    /// The page's last row; absent when it has no row. A query with these keys goes on after it.
    #[schema(required = false)]
    pub cursor: ListCursor,
}

/// The last row of a page of a numbered list.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ListCursor {
    /// Unix seconds of its last change: of a member when it joined, of a banned user when it was banned.
    pub updated_at: i64,
    /// `append` where the list ascends, `prepend` where it descends.
    pub affix: String,
    /// The row and the order of the list.
    pub cursor: String,
}

/// Where a page stands.
#[derive(ToSchema)]
pub struct Pagination {
    /// Rows of the whole list.
    #[schema(minimum = 0)]
    pub total: i64,
    /// Rows of this page.
    #[schema(minimum = 0)]
    pub count: i32,
    /// Rows that a page may have.
    pub per_page: i32,
    /// This page, counted from 1.
    pub current_page: i32,
    /// How many pages there are.
    pub total_pages: i32,
}

/// A list that is walked by a cursor.
#[derive(ToSchema)]
pub struct List<T, M> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the page stands.
    pub meta: M,
}

/// The page itself.
#[derive(ToSchema)]
pub struct Place {
    /// Rows that were asked for.
    pub limit: i32,
    /// Rows that came.
    #[schema(minimum = 0)]
    pub count: u32,
}

/// Where a page of messages stands. A walk follows `next` or `previous`, or repeats its query with the keys of `cursor`.
#[derive(ToSchema)]
pub struct MessageListMeta {
    /// The page itself.
    pub current: Place,
    /// How to get what is newer; absent when nothing is.
    #[schema(required = false)]
    pub next: MessagePlace,
    /// How to get what is older; absent when nothing is.
    #[schema(required = false)]
    pub previous: MessagePlace,
    /// How to go on in the direction of the query.
    #[schema(required = false)]
    pub cursor: MessageCursor,
    /// Of callers who count pages. The total is not counted: `total_pages` is one more while another page follows.
    #[schema(required = false)]
    pub pagination: Pagination,
}

/// The query of a neighbouring page.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessagePlace {
    /// `append` for newer ones, `prepend` for older ones.
    pub affix: String,
    /// The message at the page's edge.
    pub id: String,
    /// Unix seconds.
    #[schema(required = false)]
    pub sent_at: i64,
    /// Unix seconds; of a walk by changes.
    #[schema(required = false)]
    pub updated_at: i64,
}

/// The last message of a page.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageCursor {
    /// Which way the walk goes; of callers who count pages.
    #[schema(required = false)]
    pub affix: String,
    /// Its id.
    pub id: String,
    /// Unix seconds.
    #[schema(required = false)]
    pub sent_at: i64,
    /// Unix seconds; of a walk by changes.
    #[schema(required = false)]
    pub updated_at: i64,
}

/// Where a page of reactions stands.
#[derive(ToSchema)]
pub struct ReactionListMeta {
    /// The page itself.
    pub current: Place,
    /// How to get what is newer.
    #[schema(required = false)]
    pub next: ReactionPlace,
    /// How to get what is older.
    #[schema(required = false)]
    pub previous: ReactionPlace,
}

/// The query of a neighbouring page.
#[derive(ToSchema)]
pub struct ReactionPlace {
    /// `append` for newer ones, `prepend` for older ones.
    pub affix: String,
    /// The reaction at the page's edge.
    pub id: String,
}

/// Where a page of threads stands.
#[derive(ToSchema)]
pub struct ThreadListMeta {
    /// The page itself.
    pub current: Place,
    /// How to get threads whose newest reply is older.
    #[schema(required = false)]
    pub next: ThreadPlace,
    /// How to get threads whose newest reply is newer.
    #[schema(required = false)]
    pub previous: ThreadPlace,
}

/// The query of a neighbouring page.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ThreadPlace {
    /// `append` for older ones, `prepend` for newer ones.
    pub affix: String,
    /// The parent of the thread at the page's edge.
    pub id: String,
    /// Unix seconds of its newest reply.
    pub updated_at: i64,
    /// The same in milliseconds.
    pub updated_at_ms: i64,
}

/// Where a page of conversations stands.
#[derive(ToSchema)]
pub struct ConversationListMeta {
    /// Where the page stands.
    pub pagination: Pagination,
    /// How to go on; absent when nothing follows.
    #[schema(required = false)]
    pub cursor: ConversationCursor,
}

/// The end of a page of conversations.
#[derive(ToSchema)]
pub struct ConversationCursor {
    /// `append`.
    pub affix: String,
    /// What to ask with as `cursor`.
    pub cursor: String,
}

/// Where a numbered page stands whose rows are asked for by a limit.
#[derive(ToSchema)]
pub struct LimitedPageMeta {
    /// The page itself.
    pub current: Place,
    /// Where the page stands.
    pub pagination: Pagination,
}

/// An acknowledgement.
#[derive(ToSchema)]
pub struct Done {
    /// True.
    pub success: bool,
    /// The same for people.
    pub message: String,
}

/// The acknowledgement of a receipt.
#[derive(ToSchema)]
pub struct Marked {
    /// True.
    pub success: bool,
    /// The same for people.
    pub message: String,
    /// The same as `message`, for clients that read it so.
    #[schema(rename = "Message")]
    pub repeated: String,
}

/// The acknowledgement of marking as unread.
#[derive(ToSchema)]
pub struct UnreadMarked {
    /// True.
    pub success: bool,
    /// The same for people.
    pub message: String,
    /// The conversation as it is now.
    pub conversation: Conversation,
}

/// What became of one item of a call.
#[derive(ToSchema)]
pub struct Fate {
    /// Whether it was done.
    pub success: bool,
    /// The same for people.
    #[schema(required = false)]
    pub message: String,
    /// What came of it.
    #[schema(required = false, value_type = Object)]
    pub data: (),
    /// Why not.
    #[schema(required = false)]
    pub error: FateError,
}

/// Why an item of a call was not done.
#[derive(ToSchema)]
pub struct FateError {
    /// A code of the catalogue.
    pub code: String,
    /// The same for people.
    pub message: String,
    /// What is wrong, by field.
    #[schema(required = false)]
    pub details: BTreeMap<String, Vec<String>>,
}

/// A refusal or a failure.
#[derive(ToSchema)]
pub struct ErrorAnswer {
    /// What is wrong.
    pub error: Error,
}

/// What is wrong.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Error {
    /// A code of the catalogue: stable, for programs.
    pub code: String,
    /// What is wrong, for people; the text may change.
    pub message: String,
    /// The same as `message`.
    pub dev_message: String,
    /// `halley`.
    pub source: String,
    /// What is wrong, by field.
    #[schema(required = false)]
    pub details: BTreeMap<String, Vec<String>>,
}
