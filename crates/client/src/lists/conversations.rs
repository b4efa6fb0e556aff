use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::window::{note, renew};
use super::{Order, Orders, Owned, are_same, start};
use crate::{
    ChatEvent, ClientError, ConnectionState, Conversation, ConversationChange, ConversationEvent, ConversationsList,
    EventStream, GroupChange, GroupEvent, HalleyChat, MembershipKind, Message, MessageAction, MessageChange,
    ReceiptEvent, ReceiptKind, Receiver, Request,
};

/// Several reasons to ask for one conversation are gathered for so long.
const GATHERED_FOR: Duration = Duration::from_millis(150);

/// What a list of conversations shows.
#[derive(Clone, Debug, Default)]
pub struct ConversationsSnapshot {
    /// Pinned ones first, then the one with the newest message.
    pub conversations: Vec<Arc<Conversation>>,
    /// A page is on its way.
    pub is_loading: bool,
    /// There are others to load.
    pub has_more: bool,
    /// Why what is shown may be incomplete or old; with the next socket it is loaded anew.
    pub error: Option<ClientError>,
}

impl ConversationsSnapshot {
    /// How many messages are unread in the conversations that are loaded; [`crate::Conversations::unread_counts`] tells it of
    /// all.
    pub fn unread_count(&self) -> u64 {
        self.conversations.iter().map(|conversation| conversation.unread_count).sum()
    }

    /// Whether nothing changed: a row that did is another one.
    fn is_as(&self, other: &Self) -> bool {
        let facts = |of: &Self| (of.is_loading, of.has_more, of.error.as_ref().map(ToString::to_string));
        facts(self) == facts(other) && are_same(&self.conversations, &other.conversations)
    }
}

/// The logged-in user's conversations, with last messages and unread counts, kept true by events until it is dropped or the
/// login ends. After a break it is loaded anew.
///
/// It keeps the client alive.
pub struct ConversationList {
    owned: Owned<ConversationsSnapshot>,
}

impl ConversationList {
    /// Opens the list; the first page is on its way. Must be called inside a Tokio runtime.
    pub fn open(chat: &HalleyChat) -> Self {
        let initial = ConversationsSnapshot { is_loading: true, has_more: true, ..ConversationsSnapshot::default() };
        let chat = chat.clone();
        // Before anything is loaded, so that nothing falls in between.
        let events = chat.events();
        let owned = start(initial.clone(), |shown, orders| {
            let list = chat.conversations().list();
            let follower = Follower { chat, list, shown, now: initial, asked: HashSet::new(), ask_at: Instant::now() };
            follower.run(events, orders)
        });
        Self { owned }
    }

    /// Tells of each change. The snapshot that is seen is never changed itself.
    pub fn subscribe(&self) -> watch::Receiver<Arc<ConversationsSnapshot>> {
        self.owned.state.clone()
    }

    /// What is shown now.
    pub fn snapshot(&self) -> Arc<ConversationsSnapshot> {
        Arc::clone(&self.owned.state.borrow())
    }

    /// Loads the next page, and waits for it; what fails is in the snapshot.
    pub async fn load_more(&self) {
        self.owned.order(Order::Further).await;
    }

    /// Loads the list anew, as many as are shown, and waits for it; what fails is in the snapshot.
    pub async fn refresh(&self) {
        self.owned.order(Order::Refresh).await;
    }
}

struct Follower {
    chat: HalleyChat,
    list: Request<ConversationsList>,
    shown: watch::Sender<Arc<ConversationsSnapshot>>,
    now: ConversationsSnapshot,
    /// Conversations of which only the server knows how they are.
    asked: HashSet<Receiver>,
    ask_at: Instant,
}

impl Follower {
    async fn run(mut self, mut events: EventStream, mut orders: Orders) {
        self.refresh().await;
        loop {
            self.show();
            tokio::select! {
                event = events.next() => {
                    let Some(event) = event else { return };
                    if self.take(event) {
                        self.refresh().await;
                    }
                }
                order = orders.recv() => {
                    let Some((order, done)) = order else { return };
                    match order {
                        Order::Further => self.load_more().await,
                        Order::Refresh => self.refresh().await,
                    }
                    self.show();
                    // Nobody may wait for it.
                    done.send(()).ok();
                }
                () = sleep_until(self.ask_at), if !self.asked.is_empty() => self.ask().await,
            }
        }
    }

    fn show(&mut self) {
        self.now.conversations.sort_by_key(|conversation| {
            let at = conversation.last_message.as_ref().map(|last| last.sent_at).or(conversation.updated_at);
            Reverse((conversation.pinned_at.is_some(), at, conversation.latest_message_id))
        });
        if !self.now.is_as(&self.shown.borrow()) {
            self.shown.send_replace(Arc::new(self.now.clone()));
        }
    }

    /// Loads as many as are shown, at least a page.
    async fn refresh(&mut self) {
        let shown = self.now.conversations.len();
        self.list = self.chat.conversations().list();
        let mut rows = Vec::new();
        while self.list.has_next() && (rows.is_empty() || rows.len() < shown) {
            let Some(page) = self.load().await else { return };
            rows.extend(page);
        }
        self.now.conversations = rows;
    }

    async fn load_more(&mut self) {
        if let Some(page) = self.load().await {
            // One that moved to the front meanwhile is known.
            self.now.conversations.retain(|known| page.iter().all(|row| row.id != known.id));
            self.now.conversations.extend(page);
        }
    }

    async fn load(&mut self) -> Option<Vec<Arc<Conversation>>> {
        self.now.is_loading = true;
        self.show();
        let page = self.list.next_page().await;
        self.now.is_loading = false;
        self.now.has_more = self.list.has_next();
        match page {
            Ok(page) => {
                self.now.error = None;
                Some(page.into_iter().map(Arc::new).collect())
            }
            Err(error) => {
                self.now.error = Some(error);
                None
            }
        }
    }

    /// Asks for what has to be asked for.
    async fn ask(&mut self) {
        for peer in std::mem::take(&mut self.asked) {
            match self.chat.conversations().get(&peer).await {
                Ok(conversation) => self.replace(conversation),
                Err(error) if error.is_retryable() => self.now.error = Some(error),
                // There is none any more.
                Err(_) => self.now.conversations.retain(|known| known.with != peer),
            }
        }
    }

    fn ask_for(&mut self, peer: Receiver) {
        if self.asked.is_empty() {
            self.ask_at = Instant::now() + GATHERED_FOR;
        }
        self.asked.insert(peer);
    }

    /// Whether the list is to be loaded anew.
    fn take(&mut self, event: ChatEvent) -> bool {
        match event {
            ChatEvent::Message(message) => self.came(*message),
            ChatEvent::MessageChanged(told) => self.changed(&told),
            ChatEvent::Receipt(told) => self.receipted(&told),
            ChatEvent::ConversationChanged(told) => self.renewed(*told),
            ChatEvent::ConversationLeft { conversation_id, .. } => {
                self.now.conversations.retain(|known| known.id != conversation_id);
            }
            ChatEvent::Membership(told) => {
                let is_out =
                    matches!(told.kind, MembershipKind::Left | MembershipKind::Kicked | MembershipKind::Banned);
                if is_out && told.on.uid == self.chat.uid() {
                    let group = Receiver::group(&told.group.guid);
                    self.now.conversations.retain(|known| known.with != group);
                }
            }
            ChatEvent::Group(told) => self.group(*told),
            ChatEvent::Presence(told) => {
                let peer = Receiver::user(&told.user.uid);
                if let Some(user) = self.find(&peer).and_then(|known| known.user.as_mut()) {
                    user.is_online = told.is_online;
                }
            }
            ChatEvent::Connection(ConnectionState::Connected) => return self.now.error.is_some(),
            // Who is online and what groups are like was not told.
            ChatEvent::Resumed { .. } | ChatEvent::Lost { .. } => return true,
            _ => {}
        }
        false
    }

    fn find(&mut self, peer: &Receiver) -> Option<&mut Conversation> {
        self.now.conversations.iter_mut().find(|known| known.with == *peer).map(Arc::make_mut)
    }

    fn replace(&mut self, conversation: Conversation) {
        self.now.conversations.retain(|known| known.id != conversation.id);
        self.now.conversations.push(Arc::new(conversation));
    }

    fn came(&mut self, message: Message) {
        if !is_news(&message) {
            return;
        }
        let own = self.chat.uid().to_owned();
        let peer = message.receiver.seen_from(&own, &message.sender);
        let Some(known) = self.find(&peer) else { return self.ask_for(peer) };
        // The list may have been loaded after it.
        if known.latest_message_id.is_some_and(|latest| message.id <= latest) {
            return;
        }
        if message.sender != own && is_counted(&message) {
            known.unread_count += 1;
            known.unread_mentions_count += u64::from(mentions(&message, &own));
        }
        known.latest_message_id = Some(message.id);
        known.updated_at = Some(message.sent_at);
        known.last_message = Some(Box::new(message));
    }

    fn changed(&mut self, told: &MessageChange) {
        let is_last = |known: &Conversation| known.last_message.as_ref().is_some_and(|last| last.id == told.message.id);
        for known in self.now.conversations.iter_mut().filter(|known| is_last(known)) {
            if let Some(last) = &mut Arc::make_mut(known).last_message {
                renew(last, told);
            }
        }
    }

    fn receipted(&mut self, told: &ReceiptEvent) {
        let own = self.chat.uid().to_owned();
        let Some(known) = self.find(&told.peer) else { return };
        if told.user.uid != own || told.kind != ReceiptKind::Read {
            if let Some(last) = &mut known.last_message {
                note(last, told, &own);
            }
            return;
        }
        if known.latest_message_id.is_some_and(|latest| told.message_id < latest) {
            return self.ask_for(told.peer.clone());
        }
        (known.unread_count, known.unread_mentions_count) = (0, 0);
        known.last_read_message_id = Some(told.message_id);
    }

    fn renewed(&mut self, told: ConversationEvent) {
        let ConversationEvent { change, mut conversation } = told;
        let peer = conversation.with.clone();
        let Some(known) = self.find(&peer) else { return self.ask_for(peer) };
        // One that was read before a message came that is known would take it out of the list again.
        if conversation.latest_message_id.is_some() && conversation.latest_message_id < known.latest_message_id {
            return self.ask_for(peer);
        }
        // Frames leave out what did not change.
        conversation.last_message = conversation.last_message.or_else(|| known.last_message.clone());
        conversation.latest_message_id = conversation.latest_message_id.or(known.latest_message_id);
        if let (Some(user), Some(known)) = (&mut conversation.user, &known.user) {
            user.is_online = known.is_online;
        }
        if change != ConversationChange::Other && conversation.tags.is_empty() {
            conversation.tags.clone_from(&known.tags);
        }
        *known = conversation;
    }

    fn group(&mut self, told: GroupEvent) {
        let peer = Receiver::group(&told.group.guid);
        if told.change == GroupChange::Deleted {
            self.now.conversations.retain(|known| known.with != peer);
        } else if let Some(known) = self.find(&peer) {
            known.group = Some(told.group);
        }
    }
}

/// Whether a message becomes its conversation's last one, unless the app has set it otherwise.
fn is_news(message: &Message) -> bool {
    let is_change = matches!(message.told_action(), Some(MessageAction::Edited { .. } | MessageAction::Deleted { .. }));
    message.category != "call" && !is_change
}

/// Whether a message raises the unread count of those who did not write it.
fn is_counted(message: &Message) -> bool {
    if message.parent_id.is_some() {
        return false;
    }
    match message.category.as_str() {
        "custom" => message.metadata.as_ref().is_some_and(|metadata| metadata["incrementUnreadCount"] == true),
        category => matches!(category, "message" | "interactive"),
    }
}

fn mentions(message: &Message, uid: &str) -> bool {
    let mentions = &message.to_value()["data"]["mentions"];
    // They come by uid; some servers list them.
    mentions.get(uid).is_some() || mentions.as_array().into_iter().flatten().any(|user| user["uid"] == uid)
}
