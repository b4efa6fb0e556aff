//! `ListConversations`, `GetConversation` and `CountUnread`.

use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{
        AgenticFilter, Conversation, CountUnreadRequest, CountUnreadResponse, GetConversationRequest,
        GetConversationResponse, ListConversationsRequest, ListConversationsResponse, ReceiverType, UnreadCount,
    },
};
use halley_kit::{Caller, page::Page};
use halley_model::{ConversationKey, FieldError, field, limits};

use super::own_conversation::by_public_id;

use crate::{
    access::With,
    domain::key,
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        conversation_pins::{self, SystemPin},
        inbox::{self, InboxFilter, InboxRow, Place, Slice},
    },
};

/// Conversations of one user, for which no page is asked.
const COUNTS_MAX: i64 = 100_000;
/// Conversations among which another side is looked for, newest first.
const SEARCHED_MAX: i64 = 10_000;
/// Longest cursor: two numbers of 20 characters, one of 11, three ids.
const CURSOR_MAX: usize = 400;

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: ListConversationsRequest,
) -> Result<ListConversationsResponse> {
    let page = Page::parse(request.page)?;
    let mut filter = filter(messaging, &caller, &request).await?;
    let found;
    let side = OtherSide::read(&request)?;
    if side.narrows() {
        found = places_with(messaging, &filter, &side).await?;
        filter.places = Some(&found);
    }
    let total = inbox::count_inbox(&messaging.pool, &filter).await?;
    let after = read_cursor(&request.cursor)?;
    let offset = if after.is_some() { 0 } else { page.offset() };
    filter.after = after;
    // One more than the page tells whether there are more.
    let mut rows = rows(messaging, &filter, Slice { limit: page.limit() + 1, offset }).await?;
    let wanted = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| write_cursor(&row.place())).unwrap_or_default();
    let conversations = messaging.show_conversations(caller.app_id(), caller.acting_uid(), &rows).await?;
    let page = page.info(total, conversations.len());
    Ok(ListConversationsResponse { conversations, page: Some(page), next_cursor })
}

async fn filter<'a>(
    messaging: &Messaging,
    caller: &'a Caller,
    request: &'a ListConversationsRequest,
) -> Result<InboxFilter<'a>> {
    field::tags("tags", &request.tags)?;
    let (app_id, uid) = (caller.app_id(), caller.acting_uid());
    if request.unique && uid.is_some() {
        return Err(FieldError::new("unique", "is not for the conversations of one user").into());
    }
    let hidden_keys = match uid {
        Some(uid) if !request.include_blocked => {
            let blocked = messaging.directory.blocked_by(app_id, uid).await?;
            blocked.iter().map(|other| ConversationKey::direct(uid, other).storage()).collect()
        }
        _ => Vec::new(),
    };
    Ok(InboxFilter {
        app_id,
        uid,
        kind: kind(request.r#type()),
        tags: &request.tags,
        unread_only: request.unread_only,
        hidden_keys,
        system_keys: system_keys(messaging, app_id, uid).await?,
        pinned_by_owner: request.pinned_by_owner,
        pinned_by_app: request.pinned_by_app,
        unique: request.unique,
        ..Default::default()
    })
}

/// The stored keys of what the app has pinned, as far as one user's conversations go.
async fn system_keys(messaging: &Messaging, app_id: &str, uid: Option<&str>) -> Result<Vec<String>> {
    let Some(uid) = uid else { return Ok(Vec::new()) };
    let pins = conversation_pins::list_system(&messaging.pool, app_id).await?;
    let key = |pin: &SystemPin| match pin.with_type {
        1 => ConversationKey::direct(uid, &pin.with_id),
        _ => ConversationKey::group(&pin.with_id),
    };
    Ok(pins.iter().map(|pin| key(pin).storage()).collect())
}

/// A place as a text that clients hand back. Ids hold no dot.
fn write_cursor(place: &Place) -> String {
    let Place { rank, pin_order, active_order, uid, conversation_key } = place;
    format!("{rank}.{pin_order}.{active_order}.{uid}.{conversation_key}")
}

/// Empty: none.
fn read_cursor(cursor: &str) -> Result<Option<Place>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let invalid = || FieldError::new("cursor", "must be that of a page of this list");
    field::text("cursor", cursor, CURSOR_MAX)?;
    let parts: Vec<&str> = cursor.split('.').collect();
    let [rank, pin_order, active_order, uid, key] = parts.as_slice() else { return Err(invalid().into()) };
    Ok(Some(Place {
        rank: rank.parse().map_err(|_| invalid())?,
        pin_order: pin_order.parse().map_err(|_| invalid())?,
        active_order: active_order.parse().map_err(|_| invalid())?,
        uid: (*uid).to_owned(),
        conversation_key: (*key).to_owned(),
    }))
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

/// What the other side of a conversation must be like. Users and groups are other services' and known here by the
/// directory, so the newest places are taken and looked through.
struct OtherSide<'a> {
    /// In lower case.
    name: String,
    user_tags: &'a [String],
    group_tags: &'a [String],
    agentic: AgenticFilter,
}

impl<'a> OtherSide<'a> {
    fn read(request: &'a ListConversationsRequest) -> Result<Self> {
        field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
        field::tags("userTags", &request.user_tags)?;
        field::tags("groupTags", &request.group_tags)?;
        Ok(Self {
            name: request.search_key.to_lowercase(),
            user_tags: &request.user_tags,
            group_tags: &request.group_tags,
            agentic: request.agentic(),
        })
    }

    fn narrows(&self) -> bool {
        !self.name.is_empty() || self.asks_for_tags() || self.agentic != AgenticFilter::Unspecified
    }

    fn asks_for_tags(&self) -> bool {
        !self.user_tags.is_empty() || !self.group_tags.is_empty()
    }

    /// Who is gone has neither name nor tags, and is no bot.
    fn fits_user(&self, user: Option<&User>) -> bool {
        let is_bot = user.is_some_and(|user| user.bot);
        let (name, tags) = user.map_or(("", [].as_slice()), |user| (user.name.as_str(), user.tags.as_slice()));
        let is_wanted = match self.agentic {
            AgenticFilter::Only => is_bot,
            AgenticFilter::Hide => !is_bot,
            AgenticFilter::Unspecified => true,
        };
        is_wanted && self.is_named(name) && self.is_tagged(tags, self.user_tags)
    }

    fn fits_group(&self, group: Option<&Group>) -> bool {
        let (name, tags) = group.map_or(("", [].as_slice()), |group| (group.name.as_str(), group.tags.as_slice()));
        self.agentic != AgenticFilter::Only && self.is_named(name) && self.is_tagged(tags, self.group_tags)
    }

    fn is_named(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.name)
    }

    fn is_tagged(&self, tags: &[String], wanted: &[String]) -> bool {
        !self.asks_for_tags() || tags.iter().any(|tag| wanted.contains(tag))
    }
}

/// The places whose other side is like that.
async fn places_with(
    messaging: &Messaging,
    filter: &InboxFilter<'_>,
    side: &OtherSide<'_>,
) -> Result<Vec<(String, i64)>> {
    let mut sides = Vec::new();
    for (uid, conversation_id, stored) in inbox::list_places(&messaging.pool, filter, SEARCHED_MAX).await? {
        let key = key::from_storage(&stored)
            .ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))?;
        sides.push((key.counterpart(&uid).to_owned(), key::is_direct(&key), uid, conversation_id));
    }
    let of = |direct: bool| sides.iter().filter(move |side| side.1 == direct).map(|side| side.0.as_str());
    let users = messaging.directory.users(filter.app_id, of(true)).await?;
    let groups = messaging.directory.groups(filter.app_id, of(false)).await?;
    let fits = |id: &str, direct: bool| match direct {
        true => side.fits_user(users.get(id).map(AsRef::as_ref)),
        false => side.fits_group(groups.get(id).map(AsRef::as_ref)),
    };
    let found = sides.iter().filter(|(id, direct, ..)| fits(id, *direct));
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

/// A user's own views of conversations; those that the list does not show are left out.
pub(super) async fn of_places(
    messaging: &Messaging,
    app_id: &str,
    uid: &str,
    places: &[(String, i64)],
) -> Result<Vec<Conversation>> {
    let filter = InboxFilter { app_id, uid: Some(uid), places: Some(places), ..Default::default() };
    let limit = i64::try_from(places.len()).unwrap_or(COUNTS_MAX);
    let rows = rows(messaging, &filter, Slice { limit, offset: 0 }).await?;
    messaging.show_conversations(app_id, Some(uid), &rows).await
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
    let not_senders = match request.hide_blocked_senders {
        true => messaging.directory.blocked_by(caller.app_id(), uid).await?,
        false => Vec::new(),
    };
    let filter = InboxFilter {
        app_id: caller.app_id(),
        uid: Some(uid),
        conversation_key,
        kind: kind(request.r#type()),
        unread_only: true,
        not_senders: &not_senders,
        undelivered: request.undelivered,
        ..Default::default()
    };
    let rows = rows(messaging, &filter, Slice { limit: COUNTS_MAX, offset: 0 }).await?;
    let counts = rows.iter().map(count).collect::<Result<Vec<_>>>()?;
    Ok(CountUnreadResponse { counts })
}

async fn rows(messaging: &Messaging, filter: &InboxFilter<'_>, slice: Slice) -> Result<Vec<InboxRow>> {
    let mut connection = messaging.pool.acquire().await?;
    let mut rows = inbox::list_inbox(&mut connection, filter, slice).await?;
    drop(connection);
    if rows.is_empty() {
        return Ok(rows);
    }
    let pins = conversation_pins::list_system(&messaging.pool, filter.app_id).await?;
    for row in rows.iter_mut().filter(|_| !pins.is_empty()) {
        let key = key::from_storage(&row.conversation_key)
            .ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))?;
        let (kind, with) = (i32::from(key::receiver_type(&key)), key.counterpart(&row.uid));
        let pin = pins.iter().find(|pin| i32::from(pin.with_type) == kind && pin.with_id == with);
        row.system_pinned_at = pin.map(|pin| pin.pinned_at);
    }
    Ok(rows)
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
