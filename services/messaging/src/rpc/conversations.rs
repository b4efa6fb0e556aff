//! `ListConversations`, `GetConversation` and `CountUnread`.

use halley_contracts::messaging::v1::{
    Conversation, CountUnreadRequest, CountUnreadResponse, GetConversationRequest, GetConversationResponse,
    ListConversationsRequest, ListConversationsResponse, ReceiverType, UnreadCount,
};
use halley_kit::{Caller, page::Page};
use halley_model::{field, limits};

use super::own_conversation::by_public_id;

use crate::{
    access::With,
    domain::key,
    error::{MessagingError, Result},
    service::Messaging,
    store::inbox::{self, InboxFilter, InboxRow, Slice},
};

/// Conversations of one user, for which no page is asked.
const COUNTS_MAX: i64 = 100_000;
/// Conversations among which a name is looked for, newest first.
const SEARCHED_MAX: i64 = 10_000;

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: ListConversationsRequest,
) -> Result<ListConversationsResponse> {
    let page = Page::parse(request.page)?;
    field::tags("tags", &request.tags)?;
    field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
    let mut filter = InboxFilter {
        app_id: caller.app_id(),
        uid: caller.acting_uid(),
        kind: kind(request.r#type()),
        tags: &request.tags,
        unread_only: request.unread_only,
        ..Default::default()
    };
    let named;
    if !request.search_key.is_empty() {
        named = places_named(messaging, &filter, &request.search_key).await?;
        filter.places = Some(&named);
    }
    let total = inbox::count_inbox(&messaging.pool, &filter).await?;
    let slice = Slice { limit: page.limit(), offset: page.offset() };
    let rows = rows(messaging, &filter, slice).await?;
    let conversations = messaging.show_conversations(caller.app_id(), caller.acting_uid(), &rows).await?;
    let page = page.info(total, conversations.len());
    Ok(ListConversationsResponse { conversations, page: Some(page) })
}

pub(super) async fn get(
    messaging: &Messaging,
    caller: Caller,
    request: GetConversationRequest,
) -> Result<GetConversationResponse> {
    let conversation = match request.conversation_id.is_empty() {
        true => own_conversation(messaging, &caller, request.with_type(), &request.with).await?,
        false => by_public_id(messaging, &caller, &request.conversation_id).await?,
    };
    Ok(GetConversationResponse { conversation: Some(conversation) })
}

/// The places whose other side's name holds a text. Names are other services' and known here by the directory, so the
/// newest places are taken and looked through.
async fn places_named(messaging: &Messaging, filter: &InboxFilter<'_>, text: &str) -> Result<Vec<(String, i64)>> {
    let text = text.to_lowercase();
    let mut sides = Vec::new();
    for (uid, conversation_id, stored) in inbox::list_places(&messaging.pool, filter, SEARCHED_MAX).await? {
        let key = key::from_storage(&stored)
            .ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))?;
        sides.push((key.counterpart(&uid).to_owned(), key::is_direct(&key), uid, conversation_id));
    }
    let of = |direct: bool| sides.iter().filter(move |side| side.1 == direct).map(|side| side.0.as_str());
    let users = messaging.directory.users(filter.app_id, of(true)).await?;
    let groups = messaging.directory.groups(filter.app_id, of(false)).await?;
    let is_named = |id: &str, direct: bool| {
        let name = match direct {
            true => users.get(id).map(|user| user.name.as_str()),
            false => groups.get(id).map(|group| group.name.as_str()),
        };
        name.is_some_and(|name| name.to_lowercase().contains(&text))
    };
    let found = sides.iter().filter(|(id, direct, ..)| is_named(id, *direct));
    Ok(found.map(|(_, _, uid, conversation_id)| (uid.clone(), *conversation_id)).collect())
}

/// The acting user's view of a conversation.
pub(super) async fn own_conversation(
    messaging: &Messaging,
    caller: &Caller,
    with_type: ReceiverType,
    with: &str,
) -> Result<Conversation> {
    let uid = caller.require_uid()?;
    let with = With::parse(with_type, with).map_err(no_such)?;
    let key = messaging.directory.authorise_conversation(caller.app_id(), uid, &with).await?;
    let filter = InboxFilter {
        app_id: caller.app_id(),
        uid: Some(uid),
        conversation_key: Some(key.storage()),
        ..Default::default()
    };
    let rows = rows(messaging, &filter, Slice { limit: 1, offset: 0 }).await?;
    let mut shown = messaging.show_conversations(caller.app_id(), Some(uid), &rows).await?;
    shown.pop().ok_or(MessagingError::NotAccessible)
}

pub(super) async fn count_unread(
    messaging: &Messaging,
    caller: Caller,
    request: CountUnreadRequest,
) -> Result<CountUnreadResponse> {
    let uid = caller.require_uid()?;
    let conversation_key = match request.with.as_str() {
        "" => None,
        with => Some(With::parse(request.r#type(), with)?.key(uid).storage()),
    };
    let filter = InboxFilter {
        app_id: caller.app_id(),
        uid: Some(uid),
        conversation_key,
        kind: kind(request.r#type()),
        unread_only: true,
        ..Default::default()
    };
    let rows = rows(messaging, &filter, Slice { limit: COUNTS_MAX, offset: 0 }).await?;
    let counts = rows.iter().map(count).collect::<Result<Vec<_>>>()?;
    Ok(CountUnreadResponse { counts })
}

async fn rows(messaging: &Messaging, filter: &InboxFilter<'_>, slice: Slice) -> Result<Vec<InboxRow>> {
    let mut connection = messaging.pool.acquire().await?;
    Ok(inbox::list_inbox(&mut connection, filter, slice).await?)
}

fn count(row: &InboxRow) -> Result<UnreadCount> {
    let key = key::from_storage(&row.conversation_key)
        .ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))?;
    Ok(UnreadCount {
        r#type: key::receiver_type(&key).into(),
        with: key.counterpart(&row.uid).to_owned(),
        count: row.unread_count,
    })
}

/// What stored keys of that type begin with; empty for both.
fn kind(kind: ReceiverType) -> &'static str {
    match kind {
        ReceiverType::User => "u:",
        ReceiverType::Group => "g:",
        ReceiverType::Unspecified => "",
    }
}

/// Who asks for a conversation with nobody has none.
pub(super) fn no_such(error: MessagingError) -> MessagingError {
    match error {
        MessagingError::UserNotFound { .. } | MessagingError::GroupNotFound { .. } => MessagingError::NotAccessible,
        other => other,
    }
}
