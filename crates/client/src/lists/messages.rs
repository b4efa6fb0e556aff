use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::watch;

use super::window::{change, insert, react, receipt};
use super::{Order, Orders, Owned, are_same, start};
use crate::{
    ChatEvent, ClientError, ConnectionState, EventStream, HalleyChat, Message, MessageAction, OutgoingMessage,
    OutgoingState, Receiver,
};

/// Messages of a page.
const PAGE: u32 = 30;
/// Most messages of a list.
const MAX: usize = 1_000;

/// What a list of messages shows.
#[derive(Clone, Debug, Default)]
pub struct MessagesSnapshot {
    /// Those that are stored, oldest first, without replies in threads.
    pub messages: Vec<Arc<Message>>,
    /// Own ones behind them, that wait to be sent or failed, in the order of their making.
    pub outgoing: Vec<Arc<OutgoingMessage>>,
    /// A page is on its way.
    pub is_loading: bool,
    /// There are older ones to load.
    pub has_older: bool,
    /// Why what is shown may be incomplete or old; with the next socket it is loaded anew.
    pub error: Option<ClientError>,
}

impl MessagesSnapshot {
    /// Whether nothing changed: a row that did is another one.
    fn is_as(&self, other: &Self) -> bool {
        let facts = |of: &Self| (of.is_loading, of.has_older, of.error.as_ref().map(ToString::to_string));
        facts(self) == facts(other)
            && are_same(&self.messages, &other.messages)
            && are_same(&self.outgoing, &other.outgoing)
    }
}

/// The newest messages of a conversation, kept true by events until it is dropped or the login ends: new ones, edits,
/// deletions, reactions, receipts, and own ones on their way. After a break that hid more than messages it is loaded anew.
///
/// It keeps the client alive.
pub struct MessageList {
    owned: Owned<MessagesSnapshot>,
}

impl MessageList {
    /// Opens a conversation; the first page is on its way. Must be called inside a Tokio runtime.
    pub fn open(chat: &HalleyChat, peer: &Receiver) -> Self {
        let initial = MessagesSnapshot { is_loading: true, has_older: true, ..MessagesSnapshot::default() };
        let (chat, peer) = (chat.clone(), peer.clone());
        // Before anything is loaded, so that nothing falls in between.
        let events = chat.events();
        let owned = start(initial.clone(), |shown, orders| {
            let follower = Follower { chat, peer, shown, now: initial, counted: HashSet::new() };
            follower.run(events, orders)
        });
        Self { owned }
    }

    /// Tells of each change. The snapshot that is seen is never changed itself.
    pub fn subscribe(&self) -> watch::Receiver<Arc<MessagesSnapshot>> {
        self.owned.state.clone()
    }

    /// What is shown now.
    pub fn snapshot(&self) -> Arc<MessagesSnapshot> {
        Arc::clone(&self.owned.state.borrow())
    }

    /// Loads older messages in front of those that are shown, and waits for them; what fails is in the snapshot. With 1,000
    /// messages the list is full.
    pub async fn load_older(&self) {
        self.owned.order(Order::Further).await;
    }

    /// Loads the newest messages anew, and waits for them; what fails is in the snapshot.
    pub async fn refresh(&self) {
        self.owned.order(Order::Refresh).await;
    }
}

struct Follower {
    chat: HalleyChat,
    peer: Receiver,
    shown: watch::Sender<Arc<MessagesSnapshot>>,
    now: MessagesSnapshot,
    /// Replies that were added to the count of their parent since the list was loaded.
    counted: HashSet<u64>,
}

impl Follower {
    async fn run(mut self, mut events: EventStream, mut orders: Orders) {
        let outgoing = self.chat.messages().outgoing();
        let outgoing = outgoing.into_iter().filter(|outgoing| self.is_here(&outgoing.message));
        self.now.outgoing = outgoing.map(Arc::new).collect();
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
                        Order::Further => self.load_older().await,
                        Order::Refresh => self.refresh().await,
                    }
                    self.show();
                    // Nobody may wait for it.
                    done.send(()).ok();
                }
            }
        }
    }

    fn show(&self) {
        if !self.now.is_as(&self.shown.borrow()) {
            self.shown.send_replace(Arc::new(self.now.clone()));
        }
    }

    async fn refresh(&mut self) {
        if let Some(page) = self.load(None).await {
            self.now.messages = page;
            self.counted.clear();
        }
    }

    async fn load_older(&mut self) {
        let Some(oldest) = self.now.messages.first().map(|message| message.id) else { return self.refresh().await };
        if !self.now.has_older || self.now.messages.len() >= MAX {
            return;
        }
        if let Some(mut page) = self.load(Some(oldest)).await {
            page.append(&mut self.now.messages);
            self.now.messages = page;
        }
    }

    /// A page with something to show, if there is one.
    async fn load(&mut self, before: Option<u64>) -> Option<Vec<Arc<Message>>> {
        self.now.is_loading = true;
        self.show();
        let mut list = self.chat.messages().list_with(&self.peer).hide_replies(true).with_sequence(true).limit(PAGE);
        if let Some(id) = before {
            list = list.before(id);
        }
        let mut rows = Vec::new();
        let mut fault = None;
        while rows.is_empty() && list.has_previous() && fault.is_none() {
            match list.previous_page().await {
                Ok(page) => rows.extend(page.into_iter().filter(|message| self.is_here(message)).map(Arc::new)),
                Err(error) => fault = Some(error),
            }
        }
        let is_loaded = fault.is_none();
        self.now.is_loading = false;
        self.now.error = fault;
        if is_loaded {
            self.now.has_older = list.has_previous();
        }
        is_loaded.then_some(rows)
    }

    /// Whether the list is to be loaded anew.
    fn take(&mut self, event: ChatEvent) -> bool {
        let own = self.chat.uid();
        match event {
            ChatEvent::Message(message) => self.came(*message),
            ChatEvent::Outgoing(outgoing) => self.went(*outgoing),
            ChatEvent::MessageChanged(told) => change(&mut self.now.messages, &told),
            ChatEvent::Reaction(told) => react(&mut self.now.messages, &told, own),
            ChatEvent::Receipt(told) if told.peer == self.peer => receipt(&mut self.now.messages, &told, own),
            ChatEvent::ConversationLeft { conversation_id, .. } => return self.is_of(&conversation_id),
            ChatEvent::ConversationChanged(told) => {
                return told.conversation.hidden_before.is_some() && told.conversation.with == self.peer;
            }
            ChatEvent::Resumed { refetch, untold_receipts_of } => {
                return refetch || untold_receipts_of.iter().any(|id| self.is_of(id));
            }
            ChatEvent::Connection(ConnectionState::Connected) => return self.now.error.is_some(),
            ChatEvent::Lost { .. } => return true,
            _ => {}
        }
        false
    }

    fn is_of(&self, conversation_id: &str) -> bool {
        self.now.messages.first().is_some_and(|message| message.conversation_id == conversation_id)
    }

    fn came(&mut self, message: Message) {
        if !self.is_of_peer(&message) {
            return;
        }
        if let Some(parent_id) = message.parent_id {
            let parent = self.now.messages.iter_mut().find(|item| item.id == parent_id);
            if let Some(parent) = parent
                && self.counted.insert(message.id)
            {
                Arc::make_mut(parent).reply_count += 1;
            }
            return;
        }
        if !self.is_here(&message) {
            return;
        }
        if message.sender == self.chat.uid() {
            self.now.outgoing.retain(|outgoing| outgoing.message.muid != message.muid);
        }
        self.add(message);
    }

    fn went(&mut self, outgoing: OutgoingMessage) {
        if !self.is_here(&outgoing.message) {
            return;
        }
        let place = self.now.outgoing.iter().position(|known| known.message.muid == outgoing.message.muid);
        match (&outgoing.state, place) {
            (OutgoingState::Pending { .. } | OutgoingState::Failed(_), Some(at)) => {
                self.now.outgoing[at] = Arc::new(outgoing);
            }
            (OutgoingState::Pending { .. } | OutgoingState::Failed(_), None) => {
                self.now.outgoing.push(Arc::new(outgoing));
            }
            (OutgoingState::Sent | OutgoingState::Discarded, place) => {
                if let Some(at) = place {
                    self.now.outgoing.remove(at);
                }
                if matches!(outgoing.state, OutgoingState::Sent) {
                    self.add(outgoing.message);
                }
            }
        }
    }

    fn add(&mut self, message: Message) {
        insert(&mut self.now.messages, message);
        if self.now.messages.len() > MAX {
            self.now.messages.remove(0);
            self.now.has_older = true;
        }
    }

    fn is_of_peer(&self, message: &Message) -> bool {
        message.receiver.seen_from(self.chat.uid(), &message.sender) == self.peer
    }

    /// Edits and deletions are no messages of their own here, and replies are in their threads.
    fn is_here(&self, message: &Message) -> bool {
        let is_change =
            matches!(message.told_action(), Some(MessageAction::Edited { .. } | MessageAction::Deleted { .. }));
        self.is_of_peer(message) && message.parent_id.is_none() && !is_change
    }
}
