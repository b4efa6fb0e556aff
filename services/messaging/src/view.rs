//! Stored rows as contracts show them, with the users and groups that their ids stand for.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{
        Conversation, Interaction, Message, MessageCategory, ReactionCount, ReceiverType, conversation::WithEntity,
        message::ReceiverEntity,
    },
};
use halley_kit::time;
use halley_model::{APP_SYSTEM_UID, ConversationKey};

use crate::{
    directory::{Groups, Users},
    domain::{
        self, content,
        key::{self, is_direct, receiver_type},
        moderation,
    },
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        inbox::InboxRow,
        interactions,
        messages::{self, StoredMessage},
        participants::{self, Watermarks},
        reactions, threads,
    },
};

/// What rows are shown with.
struct Entities {
    /// Who looks.
    viewer: Option<String>,
    users: Users,
    groups: Groups,
    /// Messages that the rows quote, and those that actions were done to.
    related: HashMap<i64, StoredMessage>,
    reactions: Reactions,
    /// Of the user who looks, by message.
    interactions: HashMap<i64, Vec<Interaction>>,
    /// By conversation and the uid of whom they are: of both in direct ones, of the user who looks in groups.
    watermarks: HashMap<(i64, String), Watermarks>,
    /// Of the user who looks, by the message that a thread begins with.
    unread_replies: HashMap<i64, i32>,
}

/// The counts of messages that have any reaction, by id.
type Reactions = HashMap<i64, Vec<ReactionCount>>;

impl Messaging {
    /// Messages in the order of the rows, as that user sees them; nobody's view is what a live event shows to all.
    pub(crate) async fn show_messages(
        &self,
        app_id: &str,
        uid: Option<&str>,
        rows: &[StoredMessage],
    ) -> Result<Vec<Message>> {
        let entities = self.entities(app_id, uid, rows).await?;
        Ok(rows.iter().map(|row| entities.message(row)).collect())
    }

    /// One message.
    pub(crate) async fn show_message(&self, app_id: &str, uid: Option<&str>, row: &StoredMessage) -> Result<Message> {
        let entities = self.entities(app_id, uid, std::slice::from_ref(row)).await?;
        Ok(entities.message(row))
    }

    /// The users whom a message's data mentions; who does not exist is left out.
    pub(crate) async fn mentioned_users(
        &self,
        app_id: &str,
        category: MessageCategory,
        kind: &str,
        data_json: &str,
    ) -> Result<Vec<User>> {
        let uids = content::mentions_of(category, kind, data_json);
        let users = self.directory.users(app_id, uids.iter().map(String::as_str)).await?;
        Ok(uids.iter().filter_map(|uid| users.get(uid)).map(|user| User::clone(user)).collect())
    }

    /// Shows on a message which of its reactions are that user's own.
    pub(crate) async fn show_own_reactions(
        &self,
        app_id: &str,
        uid: Option<&str>,
        message: &mut Message,
    ) -> Result<()> {
        if uid.is_none() || message.reactions.is_empty() {
            return Ok(());
        }
        let mut reactions = self.reactions(app_id, uid, &[message.id]).await?;
        message.reactions = reactions.remove(&message.id).unwrap_or_default();
        Ok(())
    }

    /// Conversations in the order of the rows, each with its last message, unless that is deleted or hidden.
    pub(crate) async fn show_conversations(
        &self,
        app_id: &str,
        uid: Option<&str>,
        rows: &[InboxRow],
    ) -> Result<Vec<Conversation>> {
        let ids: BTreeSet<i64> = rows.iter().map(|row| row.preview_message_id).filter(|id| *id != 0).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut last = messages::list_by_ids(&self.pool, app_id, &ids).await?;
        last.retain(|message| message.deleted_at.is_none() && !moderation::is_hidden_from(message, uid));
        let shown = self.show_messages(app_id, uid, &last).await?;
        let last: HashMap<i64, Message> = shown.into_iter().map(|message| (message.id, message)).collect();
        let keys = rows.iter().map(|row| parse_key(&row.conversation_key)).collect::<Result<Vec<_>>>()?;
        let with = |direct: bool| {
            rows.iter()
                .zip(&keys)
                .filter(move |(_, key)| is_direct(key) == direct)
                .map(|(row, key)| key.counterpart(&row.uid))
        };
        let users = self.directory.users(app_id, with(true)).await?;
        let groups = self.directory.groups(app_id, with(false)).await?;
        Ok(rows
            .iter()
            .zip(&keys)
            .map(|(row, key)| conversation(row, key, &users, &groups, last.get(&row.preview_message_id)))
            .collect())
    }

    async fn entities(&self, app_id: &str, uid: Option<&str>, rows: &[StoredMessage]) -> Result<Entities> {
        let related_ids: BTreeSet<i64> = rows
            .iter()
            .flat_map(|row| [row.quoted_message_id, row.action_on_message_id])
            .filter(|id| *id != 0)
            .collect();
        let related = match related_ids.is_empty() {
            true => Vec::new(),
            false => messages::list_by_ids(&self.pool, app_id, &related_ids.into_iter().collect::<Vec<_>>()).await?,
        };
        let all = || rows.iter().chain(&related);
        let reacted: Vec<i64> = all().filter(|row| row.reaction_total > 0).map(|row| row.message_id).collect();
        let interactive = all().filter(|row| row.category == MessageCategory::Interactive && row.deleted_at.is_none());
        let interactive: Vec<i64> = interactive.map(|row| row.message_id).collect();
        let mentioned: Vec<String> = all().flat_map(StoredMessage::mentions).collect();
        let uids: BTreeSet<&str> = all().flat_map(uids_of).chain(mentioned.iter().map(String::as_str)).collect();
        let guids: BTreeSet<&str> = all().filter_map(guid_of).collect();
        Ok(Entities {
            viewer: uid.map(ToOwned::to_owned),
            users: self.directory.users(app_id, uids).await?,
            groups: self.directory.groups(app_id, guids).await?,
            reactions: self.reactions(app_id, uid, &reacted).await?,
            interactions: self.interactions(app_id, uid, &interactive).await?,
            related: related.iter().map(|row| (row.message_id, row.clone())).collect(),
            watermarks: self.watermarks(app_id, uid, all()).await?,
            unread_replies: self.unread_replies(app_id, uid, rows).await?,
        })
    }
}

impl Messaging {
    /// One question for all messages, and none when no message has a reaction.
    async fn reactions(&self, app_id: &str, uid: Option<&str>, message_ids: &[i64]) -> Result<Reactions> {
        let mut reactions = Reactions::new();
        if message_ids.is_empty() {
            return Ok(reactions);
        }
        for row in reactions::list_counts(&self.pool, app_id, message_ids, uid).await? {
            let count = ReactionCount { reaction: row.reaction, count: row.count, by_me: row.by_me };
            reactions.entry(row.message_id).or_default().push(count);
        }
        Ok(reactions)
    }

    /// How far both users of direct conversations are, and the user who looks in groups: one question for all.
    async fn watermarks<'a>(
        &self,
        app_id: &str,
        uid: Option<&str>,
        rows: impl Iterator<Item = &'a StoredMessage>,
    ) -> Result<HashMap<(i64, String), Watermarks>> {
        let (direct, groups): (Vec<_>, Vec<_>) = rows.partition(|row| is_direct(&row.key));
        let ids = |rows: &[&StoredMessage]| {
            let ids: BTreeSet<i64> = rows.iter().map(|row| row.conversation_id).collect();
            ids.into_iter().collect::<Vec<_>>()
        };
        let uid = uid.unwrap_or_default();
        let (direct, groups) = (ids(&direct), if uid.is_empty() { Vec::new() } else { ids(&groups) });
        if direct.is_empty() && groups.is_empty() {
            return Ok(HashMap::new());
        }
        let marks = participants::list_watermarks(&self.pool, app_id, &direct, uid, &groups).await?;
        Ok(marks.into_iter().map(|marks| ((marks.conversation_id, marks.uid.clone()), marks)).collect())
    }

    /// How many replies a user has not read, of the messages that have any; nothing is asked when there are none.
    async fn unread_replies(
        &self,
        app_id: &str,
        uid: Option<&str>,
        rows: &[StoredMessage],
    ) -> Result<HashMap<i64, i32>> {
        let parents: Vec<i64> = rows.iter().filter(|row| row.reply_count > 0).map(|row| row.message_id).collect();
        let (Some(uid), false) = (uid.filter(|uid| !uid.is_empty()), parents.is_empty()) else {
            return Ok(HashMap::new());
        };
        let counts = threads::count_unread(&self.pool, app_id, uid, &parents, false).await?;
        Ok(counts.into_iter().map(|(id, unread)| (id, unread.replies)).collect())
    }

    /// What a user did with interactive messages; nothing is asked when there are none.
    async fn interactions(
        &self,
        app_id: &str,
        uid: Option<&str>,
        message_ids: &[i64],
    ) -> Result<HashMap<i64, Vec<Interaction>>> {
        let mut found: HashMap<i64, Vec<Interaction>> = HashMap::new();
        let (Some(uid), false) = (uid, message_ids.is_empty()) else { return Ok(found) };
        for row in interactions::list(&self.pool, app_id, uid, message_ids).await? {
            let interacted_at_ms = time::to_ms(row.interacted_at);
            let interaction = Interaction { element_id: row.element_id, interacted_at_ms };
            found.entry(row.message_id).or_default().push(interaction);
        }
        Ok(found)
    }
}

fn uids_of(row: &StoredMessage) -> impl Iterator<Item = &str> {
    let receiver = is_direct(&row.key).then(|| row.receiver());
    [Some(row.sender_uid.as_str()), Some(row.action_on_uid.as_str()), receiver].into_iter().flatten()
}

fn guid_of(row: &StoredMessage) -> Option<&str> {
    match &row.key {
        ConversationKey::Group(guid) => Some(guid),
        ConversationKey::Direct(..) => None,
    }
}

fn parse_key(stored: &str) -> Result<ConversationKey> {
    key::from_storage(stored).ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))
}

impl Entities {
    fn message(&self, row: &StoredMessage) -> Message {
        let related = |id: i64| self.related.get(&id).filter(|_| id != 0);
        // What was deleted for good is quoted no more; who missed its deletion learns of it by the action.
        let quoted = related(row.quoted_message_id).filter(|quoted| !quoted.erased && !self.hides(quoted));
        Message {
            quoted_message: quoted.map(|quoted| Box::new(self.bare(quoted))),
            action_on_message: related(row.action_on_message_id).map(|target| Box::new(self.bare(target))),
            ..self.bare(row)
        }
    }

    fn hides(&self, row: &StoredMessage) -> bool {
        moderation::is_hidden_from(row, self.viewer.as_deref())
    }

    /// Without the messages it refers to, and without its content if that is kept from the viewer.
    fn bare(&self, row: &StoredMessage) -> Message {
        let shown = self.whole(row);
        if self.hides(row) { moderation::withheld(shown) } else { shown }
    }

    fn whole(&self, row: &StoredMessage) -> Message {
        let (delivered_at, read_at) = self.receipts(row);
        let (own_delivered_at, own_read_at) = self.own_receipt(row);
        Message {
            id: row.message_id,
            muid: row.muid.clone(),
            conversation_id: row.key.public(),
            sequence: row.sequence,
            sender_uid: row.sender_uid.clone(),
            receiver_type: receiver_type(&row.key).into(),
            receiver: row.receiver().to_owned(),
            category: row.category.into(),
            r#type: row.kind.clone(),
            data_json: row.data_json.clone(),
            tags: row.tags.clone(),
            sent_at_ms: time::to_ms(row.sent_at),
            updated_at_ms: time::to_ms(row.updated_at),
            edited_at_ms: time::opt_to_ms(row.edited_at),
            edited_by: row.edited_by.clone(),
            deleted_at_ms: time::opt_to_ms(row.deleted_at),
            deleted_by: row.deleted_by.clone(),
            parent_id: row.parent_id,
            reply_count: row.reply_count,
            quoted_message_id: row.quoted_message_id,
            delivered_at_ms: time::opt_to_ms(delivered_at),
            read_at_ms: time::opt_to_ms(read_at),
            device_id: row.device_id.clone(),
            sender: self.user(&row.sender_uid),
            receiver_entity: self.receiver(row),
            action_on: self.acted_on(&row.action_on_uid),
            quoted_message: None,
            action_on_message: None,
            reactions: self.reactions.get(&row.message_id).cloned().unwrap_or_default(),
            erased: row.erased,
            pinned_at_ms: time::opt_to_ms(row.pinned_at),
            pinned_by: row.pinned_by.clone(),
            saved_at_ms: 0,
            interactions: self.interactions.get(&row.message_id).cloned().unwrap_or_default(),
            thread_subscribed: false,
            own_delivered_at_ms: time::opt_to_ms(own_delivered_at),
            own_read_at_ms: time::opt_to_ms(own_read_at),
            unread_reply_count: self.unread_replies.get(&row.message_id).copied().unwrap_or_default(),
            moderation: row.moderation.into(),
            mentions: row.mentions().iter().filter_map(|uid| self.user(uid)).collect(),
        }
    }

    fn user(&self, uid: &str) -> Option<User> {
        self.users.get(uid).map(|user| User::clone(user))
    }

    fn acted_on(&self, uid: &str) -> Option<User> {
        if uid.is_empty() { None } else { self.user(uid).or_else(|| Some(domain::unknown_user(uid))) }
    }

    fn receiver(&self, row: &StoredMessage) -> Option<ReceiverEntity> {
        match &row.key {
            ConversationKey::Direct(..) => self.user(row.receiver()).map(ReceiverEntity::ReceiverUser),
            ConversationKey::Group(guid) => {
                self.groups.get(guid).map(|group| ReceiverEntity::ReceiverGroup(Group::clone(group)))
            }
        }
    }

    /// When the receiver of a direct message got and read it: what an import said, or else by the watermarks.
    fn receipts(&self, row: &StoredMessage) -> Receipt {
        let (delivered, read) = if is_direct(&row.key) { self.receipt_of(row, row.receiver()) } else { (None, None) };
        (row.delivered_at.or(delivered), row.read_at.or(read))
    }

    /// When the user who looks got and read what somebody else sent.
    fn own_receipt(&self, row: &StoredMessage) -> Receipt {
        match self.viewer.as_deref() {
            Some(uid) if uid == row.sender_uid => (None, None),
            Some(uid) if is_direct(&row.key) && uid == row.receiver() => self.receipts(row),
            Some(uid) if !is_direct(&row.key) => self.receipt_of(row, uid),
            _ => (None, None),
        }
    }

    fn receipt_of(&self, row: &StoredMessage, uid: &str) -> Receipt {
        let marks = self.watermarks.get(&(row.conversation_id, uid.to_owned()));
        marks.map_or((None, None), |marks| passed(marks, row.sequence))
    }
}

/// When a message was delivered and when it was read.
type Receipt = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// What a user's watermarks say of a message at that place.
pub(crate) fn passed(marks: &Watermarks, sequence: i64) -> Receipt {
    let delivered = marks.delivered_at.filter(|_| sequence <= marks.delivered_sequence);
    (delivered, marks.read_at.filter(|_| sequence <= marks.read_sequence))
}

fn conversation(
    row: &InboxRow,
    key: &ConversationKey,
    users: &Users,
    groups: &Groups,
    last: Option<&Message>,
) -> Conversation {
    let with = key.counterpart(&row.uid);
    let with_entity = match receiver_type(key) {
        ReceiverType::Group => groups.get(with).map(|group| WithEntity::WithGroup(Group::clone(group))),
        _ => users.get(with).map(|user| WithEntity::WithUser(User::clone(user))),
    };
    Conversation {
        conversation_id: key.public(),
        owner_uid: row.uid.clone(),
        with_type: receiver_type(key).into(),
        with: with.to_owned(),
        with_entity,
        unread_count: row.unread_count,
        unread_mentions_count: row.unread_mentions,
        last_message: last.cloned(),
        last_read_message_id: row.read_message_id,
        last_delivered_message_id: row.delivered_message_id,
        latest_message_id: row.last_message_id,
        latest_sequence: row.last_sequence,
        hidden_before_sequence: row.hidden_before_sequence,
        tags: row.tags.clone(),
        created_at_ms: time::to_ms(row.created_at),
        updated_at_ms: time::to_ms(row.active_at),
        pinned_at_ms: time::opt_to_ms(row.system_pinned_at.or(row.own_pinned_at)),
        pinned_by: match (row.system_pinned_at, row.own_pinned_at) {
            (Some(_), _) => APP_SYSTEM_UID.to_owned(),
            (None, Some(_)) => row.uid.clone(),
            (None, None) => String::new(),
        },
    }
}
