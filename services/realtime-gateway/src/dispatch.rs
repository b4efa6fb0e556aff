//! From the bus into the rooms: one task, so that the order of a channel is kept without a lock.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use halley_bus::{Channel, ChannelKind, Delivery};
use halley_contracts::{
    events::v1::{ChangeKind, Event, GroupChanged, MessageModerated, MessageSent, PresenceChanged, event::Body},
    groups::v1::{MembershipAction, MembershipChanged},
    messaging::v1::{
        Direction, ListMessagesRequest, Message, ReceiverType, messaging_service_client::MessagingServiceClient,
    },
};
use halley_kit::{Caller, transport::MESSAGE_MAX_BYTES};
use halley_model::{APP_SYSTEM_UID, ConversationKey, DEFAULT_ROLE};
use prost::Message as _;
use tokio::sync::mpsc;
use tonic::Status;

use crate::{
    close::Close,
    frame, friends,
    hub::{Room, lock},
    node::Node,
    order::{Gap, Verdict},
    pace::Pace,
    recent::Revocation,
    socket::{Socket, Variant},
    typing::Typing,
};

/// How long a message that came too early waits before what is missing is asked for; twice as long before each retry.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often missing messages are asked for.
const TRIES: u32 = 3;
/// Most missing messages that are fetched for one gap.
const REPAIR_MAX: i32 = 1000;
/// The position of a conversation's first message.
const FIRST: i64 = 1;
/// Longest wait for a room's subscription.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(30);
/// How often what was put off is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How far the clocks of messaging and of this node may be apart, in milliseconds.
const SKEW_MS: i64 = 2000;

struct Dispatch {
    node: Arc<Node>,
    repairs: mpsc::Sender<Repair>,
    typing: Typing,
    /// Changes of presence that wait, by the apps' channels.
    paces: HashMap<Channel, Pace>,
}

/// The end of a wait: what was missing, as far as it could be fetched.
struct Repair {
    channel: Channel,
    room: Arc<Room>,
    /// None for what was sent before the room could hear it.
    gap: Option<Gap>,
    conversation_id: String,
    messages: Vec<Event>,
}

/// Runs the task until the node has ended.
pub async fn start(node: Arc<Node>, mut deliveries: mpsc::Receiver<Delivery>) {
    node.subscribe_facts().await;
    let lifecycle = node.lifecycle.clone();
    let (repairs, mut repaired) = mpsc::channel(1024);
    lifecycle.spawn("dispatch of live events", async move {
        let ended = node.ended.clone();
        let typing = Typing::new(Duration::from_secs(node.config.typing_timeout_seconds));
        let mut dispatch = Dispatch { node, repairs, typing, paces: HashMap::new() };
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick(), if dispatch.has_put_off() => dispatch.catch_up(),
                () = ended.cancelled() => return,
                Some(repair) = repaired.recv() => dispatch.repair(repair),
                delivery = deliveries.recv() => match delivery {
                    Some(delivery) => dispatch.deliver(delivery),
                    None => return,
                },
            }
        }
    });
}

impl Dispatch {
    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Message { channel, payload } => match Event::decode(payload) {
                Ok(event) if channel == Channel::facts() => self.fact(event),
                Ok(event) => self.live(channel, event),
                Err(error) => tracing::error!(%error, %channel, "an event can't be read"),
            },
            Delivery::Lost => {
                tracing::warn!("the live feed is cut");
                self.node.trust(false);
            }
            Delivery::Gap => self.resync(),
        }
    }

    /// After a cut nobody knows what was missed: the clients reconnect and fetch it.
    fn resync(&mut self) {
        self.node.trust(true);
        self.typing.clear();
        self.paces.clear();
        let sockets = self.node.hub.all();
        tracing::warn!(sockets = sockets.len(), "the live feed is back; sockets are told to sync");
        for socket in sockets {
            socket.close(Close::Resync);
        }
        // Redis may have come back empty.
        self.node.mark_everybody();
    }

    fn live(&mut self, channel: Channel, event: Event) {
        self.node.directory.learn_of_call(&event);
        let Some(room) = self.node.hub.room(&channel) else { return };
        match &event.body {
            Some(Body::MessageSent(_)) => self.message(channel, room, event),
            Some(Body::TypingChanged(_)) => self.typing_changed(&channel, &room, event),
            Some(Body::TransientSent(_)) => send_transient(&room, &event),
            Some(Body::PresenceChanged(_)) => self.presence_changed(channel, &room, event),
            Some(Body::CallSignaled(signal)) => {
                let to = &signal.to_device_id;
                let is_meant = |socket: &Socket| socket.identity().is_some_and(|identity| identity.device_id == *to);
                send_where(&room, &event, |socket| to.is_empty() || is_meant(socket));
            }
            Some(Body::MessageModerated(moderated)) => send_moderated(&room, &event, moderated),
            Some(Body::OwnViewUntold(_)) => ask_to_come_back(&room),
            _ => send(&room, &event),
        }
    }

    fn message(&self, channel: Channel, room: Arc<Room>, event: Event) {
        let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else { return };
        let (conversation_id, sequence) = (message.conversation_id.clone(), message.sequence);
        if is_part_only(&channel, message) {
            if let Some((group, opened)) = self.entered(&room, &event.app_id, &message.receiver) {
                let place = Place::of(&event.app_id, message);
                if self.in_order(group.clone(), Arc::clone(&opened), event) {
                    self.ask_for_unheard(group, opened, place, sequence + 1);
                }
                return;
            }
            if lock(&room.orders).is_news(&conversation_id, sequence) {
                send(&room, &event);
            }
            return;
        }
        self.in_order(channel, room, event);
    }

    /// Sends a message when it is its turn; whether that is now.
    fn in_order(&self, channel: Channel, room: Arc<Room>, event: Event) -> bool {
        let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else { return false };
        let fresh = message.sent_at_ms + SKEW_MS >= room.opened_at_ms;
        let place = Place::of(&event.app_id, message);
        let verdict = lock(&room.orders).accept(&place.conversation_id, message.sequence, fresh, event);
        match verdict {
            Verdict::Send(events) => {
                events.iter().for_each(|event| send(&room, event));
                return !events.is_empty();
            }
            Verdict::Lost(events) => lose(&room, &events),
            Verdict::Wait => {}
            Verdict::Ask(gap) => self.ask(channel, room, place, gap),
        }
        false
    }

    /// The room of a group if the user of an own room is in it. Who came in a moment ago is told of that in the own room, too, as
    /// the subscription of the group's may not stand yet; it belongs into the order there, which drops the one that comes second.
    fn entered(&self, own: &Room, app_id: &str, guid: &str) -> Option<(Channel, Arc<Room>)> {
        let group = Channel::group(app_id, guid);
        let is_in = own.sockets().iter().any(|socket| self.node.hub.is_in(socket.id, &group));
        if is_in { self.node.hub.room(&group).map(|room| (group, room)) } else { None }
    }

    /// Waits a moment for the missing messages to come by themselves, then fetches them.
    fn ask(&self, channel: Channel, room: Arc<Room>, place: Place, gap: Gap) {
        let node = Arc::clone(&self.node);
        let repairs = self.repairs.clone();
        tokio::spawn(async move {
            let messages = place.fetch_missing(&node, &room, gap).await;
            let conversation_id = place.conversation_id;
            let repair = Repair { channel, room, gap: Some(gap), conversation_id, messages };
            if repairs.send(repair).await.is_err() {
                tracing::debug!("the dispatch has ended");
            }
        });
    }

    /// Fetches what was sent in a group from a position on, once the room hears what is sent from then on. A user whose coming
    /// into the group was heard on the own channel, which is after the group's, may have missed what followed at once.
    fn ask_for_unheard(&self, channel: Channel, room: Arc<Room>, place: Place, from: i64) {
        let node = Arc::clone(&self.node);
        let repairs = self.repairs.clone();
        tokio::spawn(async move {
            // Sockets whose room can't be subscribed to are closed by whoever put them in.
            if tokio::time::timeout(SUBSCRIBED_WITHIN, room.subscribed()).await.is_err() {
                return;
            }
            let Some(messages) = place.fetch_some(&node, from).await else { return lose(&room, &[]) };
            let repair = Repair { channel, room, gap: None, conversation_id: place.conversation_id, messages };
            if repairs.send(repair).await.is_err() {
                tracing::debug!("the dispatch has ended");
            }
        });
    }

    fn repair(&self, repair: Repair) {
        let Repair { channel, room, gap, conversation_id, messages } = repair;
        if !self.node.hub.room(&channel).is_some_and(|now| Arc::ptr_eq(&now, &room)) {
            return;
        }
        let Some(gap) = gap else {
            for event in messages {
                self.in_order(channel.clone(), Arc::clone(&room), event);
            }
            return;
        };
        let mut orders = lock(&room.orders);
        if !orders.is_open(&conversation_id, gap) {
            return;
        }
        let mut events = Vec::new();
        for event in messages {
            let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else { continue };
            if let Verdict::Send(ready) = orders.accept(&conversation_id, message.sequence, false, event) {
                events.extend(ready);
            }
        }
        let is_whole = !orders.is_waiting(&conversation_id);
        if !is_whole {
            events.extend(orders.give_up(&conversation_id));
        }
        drop(orders);
        metrics::counter!("halley_gateway_repairs_total").increment(1);
        if is_whole {
            events.iter().for_each(|event| send(&room, event));
        } else {
            lose(&room, &events);
        }
    }

    /// Takes typing in. Somebody who left the group a moment ago may have sent this before.
    fn typing_changed(&mut self, channel: &Channel, room: &Room, event: Event) {
        if self.node.has_left(&event.app_id, author(&event), channel) {
            return;
        }
        let now = Instant::now();
        self.typing.take(channel, event, now);
        if self.typing.is_due(channel, now) {
            self.tell_typing(channel, room, now);
        }
    }

    fn tell_typing(&mut self, channel: &Channel, room: &Room, now: Instant) {
        for event in self.typing.tell(channel, room.len(), now) {
            send_where(room, &event, |socket| !is_of(socket, author(&event)));
        }
    }

    fn presence_changed(&mut self, channel: Channel, room: &Room, event: Event) {
        let frames = self.node.config.presence_frames_per_second.max(1);
        let pace = self.paces.entry(channel).or_insert_with(|| Pace::new(frames));
        pace.take(event);
        tell_presence(pace, room, Instant::now());
    }

    /// Whether anything waits for its time.
    fn has_put_off(&self) -> bool {
        !self.typing.is_idle() || !self.paces.is_empty()
    }

    /// Sends what was put off and is due.
    fn catch_up(&mut self) {
        let now = Instant::now();
        for channel in self.typing.due(now) {
            match self.node.hub.room(&channel) {
                Some(room) => self.tell_typing(&channel, &room, now),
                None => drop(self.typing.tell(&channel, 0, now)),
            }
        }
        let node = &self.node;
        self.paces.retain(|channel, pace| {
            let Some(room) = node.hub.room(channel) else { return false };
            tell_presence(pace, &room, now);
            // Its debt is kept until it is paid.
            !pace.is_settled(now)
        });
    }

    fn fact(&mut self, event: Event) {
        self.node.learn(&event);
        if let Some(Body::GroupChanged(changed)) = &event.body {
            self.tell_of_group(&event, changed);
        }
        let Event { app_id, body: Some(body), .. } = event else { return };
        match body {
            Body::RelationChanged(changed) => {
                let (a, b) = (&changed.uid, &changed.other_uid);
                self.typing.gone(&Channel::user(&app_id, a), b);
                self.typing.gone(&Channel::user(&app_id, b), a);
                friends::changed(&self.node, &app_id, a, b);
            }
            Body::CredentialRevoked(revoked) if !revoked.uid.is_empty() => {
                let (uid, token_ids) = (revoked.uid, revoked.credential_ids);
                self.node.revoke(Revocation { app_id, uid, token_ids });
            }
            Body::AppChanged(changed) if changed.archived => self.node.revoke_app(app_id),
            Body::MembershipChanged(changed) => self.membership(&app_id, changed),
            Body::GroupChanged(changed) if changed.kind() == ChangeKind::Deleted => {
                self.node.group_deleted(&app_id, &changed.group.unwrap_or_default().guid);
            }
            Body::MembersImported(imported) => {
                for uid in imported.uids {
                    self.node.user_joined(&app_id, &imported.guid, &uid);
                }
            }
            Body::UserChanged(changed) if matches!(changed.kind(), ChangeKind::Deleted | ChangeKind::Deactivated) => {
                let uid = changed.user.unwrap_or_default().uid;
                self.node.revoke(Revocation { app_id, uid, token_ids: Vec::new() });
            }
            _ => {}
        }
    }

    /// Members hear what becomes of their group. The owner is in a new one from the beginning, by no event of membership.
    fn tell_of_group(&self, event: &Event, changed: &GroupChanged) {
        let Some(group) = &changed.group else { return };
        if changed.kind() != ChangeKind::Created {
            if let Some(room) = self.node.hub.room(&Channel::group(&event.app_id, &group.guid)) {
                send(&room, event);
            }
        } else if !group.owner.is_empty() && group.owner != APP_SYSTEM_UID {
            self.group_created(event, &group.guid, &group.owner);
        }
    }

    fn group_created(&self, event: &Event, guid: &str, owner: &str) {
        // The node learns of it in any case: a socket of the owner's may be on its way in.
        self.node.user_joined(&event.app_id, guid, owner);
        let Some(own) = self.node.hub.room(&Channel::user(&event.app_id, owner)) else { return };
        send(&own, event);
        let channel = Channel::group(&event.app_id, guid);
        if let Some(room) = self.node.hub.room(&channel) {
            self.ask_for_unheard(channel, room, Place::of_group(&event.app_id, guid), FIRST);
        }
    }

    fn membership(&mut self, app_id: &str, changed: MembershipChanged) {
        let action = changed.action();
        let guid = changed.group.unwrap_or_default().guid;
        match action {
            MembershipAction::Joined | MembershipAction::Added => {
                self.node.user_joined(app_id, &guid, &changed.on_uid);
            }
            MembershipAction::Left | MembershipAction::Kicked | MembershipAction::Banned => {
                self.node.user_left(app_id, &guid, &changed.on_uid);
                self.typing.gone(&Channel::group(app_id, &guid), &changed.on_uid);
            }
            _ => {}
        }
    }
}

/// A user's own room gets a group's message only when it is about the user, who may be no member: there is no gap to
/// fill between two such messages.
fn is_part_only(channel: &Channel, message: &Message) -> bool {
    let is_own = matches!(Channel::parse(channel.as_str()), Some(ChannelKind::User(..)));
    is_own && message.receiver_type() == ReceiverType::Group
}

/// Sends on what came after messages that can't be had. The sockets are closed behind it, so that clients fetch those; one
/// that resumes by positions gets nothing behind a gap, or its position would say that it has what is missing.
fn lose(room: &Room, events: &[Event]) {
    metrics::counter!("halley_gateway_gaps_total").increment(1);
    for event in events {
        send_where(room, event, |socket| socket.variant == Variant::Plain);
    }
    for socket in room.sockets() {
        socket.close(Close::Resync);
    }
}

/// What became of a user's own view was not told. Clients without the subprotocol would not have been told anyway.
fn ask_to_come_back(room: &Room) {
    for socket in room.sockets().into_iter().filter(|socket| socket.variant != Variant::Plain) {
        socket.close(Close::Resync);
    }
}

/// Encodes an event once for each variant in the room and hands the same bytes to every socket.
fn send(room: &Room, event: &Event) {
    send_where(room, event, |_| true);
}

/// As [`send`], to some of the sockets; answers how many got it.
fn send_where(room: &Room, event: &Event, is_told: impl Fn(&Socket) -> bool) -> usize {
    let Some(frames) = frame::encode(event, room.wanted()) else { return 0 };
    let sent = room.send_where(&frames, is_told);
    metrics::counter!("halley_gateway_frames_total").increment(sent as u64);
    sent
}

/// Its sender goes on seeing a message that is kept from others.
fn send_moderated(room: &Room, event: &Event, moderated: &MessageModerated) {
    let Some(message) = &moderated.message else { return };
    let shown = |message: Option<Message>| {
        let body = Body::MessageModerated(MessageModerated { message, shown_to_others: None });
        Event { body: Some(body), ..event.clone() }
    };
    let is_sender = |socket: &Socket| is_of(socket, &message.sender_uid);
    send_where(room, &shown(moderated.message.clone()), is_sender);
    send_where(room, &shown(moderated.shown_to_others.clone()), |socket| !is_sender(socket));
}

/// Clients drop what their own device sent; it need not come back.
fn send_transient(room: &Room, event: &Event) {
    let is_origin = |socket: &Socket| {
        is_of(socket, author(event))
            && socket.identity().is_some_and(|identity| identity.device_id == event.origin_device_id)
    };
    send_where(room, event, |socket| !is_origin(socket));
}

/// Tells of presence as far as the budget goes.
fn tell_presence(pace: &mut Pace, room: &Room, now: Instant) {
    while let Some(event) = pace.next(now) {
        let Some(Body::PresenceChanged(PresenceChanged { user: Some(user), .. })) = &event.body else { continue };
        let role = if user.role.is_empty() { DEFAULT_ROLE } else { &user.role };
        let sent = send_where(room, &event, |socket| socket.watches(&user.uid, role));
        // Asking a socket whether it is told costs a part of telling it.
        pace.spend(sent.max(room.len() / 16));
    }
}

/// The user whose signal an event is.
fn author(event: &Event) -> &str {
    let user = match &event.body {
        Some(Body::TypingChanged(changed)) => changed.user.as_ref(),
        Some(Body::TransientSent(sent)) => sent.user.as_ref(),
        _ => None,
    };
    user.map_or("", |user| &user.uid)
}

fn is_of(socket: &Socket, uid: &str) -> bool {
    socket.identity().is_some_and(|identity| identity.uid == uid)
}

/// Where a conversation's messages can be asked for.
struct Place {
    app_id: String,
    conversation_id: String,
    with_type: ReceiverType,
    with: String,
    sender: String,
}

impl Place {
    fn of_group(app_id: &str, guid: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            conversation_id: ConversationKey::Group(guid.to_owned()).public(),
            with_type: ReceiverType::Group,
            with: guid.to_owned(),
            sender: String::new(),
        }
    }

    fn of(app_id: &str, message: &Message) -> Self {
        Self {
            app_id: app_id.to_owned(),
            conversation_id: message.conversation_id.clone(),
            with_type: message.receiver_type(),
            with: message.receiver.clone(),
            sender: message.sender_uid.clone(),
        }
    }

    /// The messages of a gap, unless they come by themselves. What can't be fetched is missing from the answer.
    async fn fetch_missing(&self, node: &Node, room: &Room, gap: Gap) -> Vec<Event> {
        for attempt in 0..TRIES {
            tokio::time::sleep(PATIENCE * (1 << attempt)).await;
            if !lock(&room.orders).is_open(&self.conversation_id, gap) {
                return Vec::new();
            }
            match self.fetch(node, gap.from).await {
                Ok(messages) if !messages.is_empty() => return messages,
                Ok(_) => tracing::warn!(conversation = %self.conversation_id, "missing messages are not in history"),
                Err(status) => {
                    tracing::warn!(%status, conversation = %self.conversation_id, "missing messages can't be fetched");
                }
            }
        }
        Vec::new()
    }

    /// The messages from a position on; none at all when they can't be had.
    async fn fetch_some(&self, node: &Node, from: i64) -> Option<Vec<Event>> {
        for attempt in 0..TRIES {
            match self.fetch(node, from).await {
                Ok(messages) => return Some(messages),
                Err(status) => {
                    tracing::warn!(%status, conversation = %self.conversation_id, "unheard messages can't be fetched");
                }
            }
            tokio::time::sleep(PATIENCE * (1 << attempt)).await;
        }
        None
    }

    async fn fetch(&self, node: &Node, from: i64) -> Result<Vec<Event>, Status> {
        let request = ListMessagesRequest {
            with_type: self.with_type.into(),
            with: self.with.clone(),
            direction: Direction::Append.into(),
            limit: REPAIR_MAX,
            cursor_sequence: from - 1,
            // The place of a message deleted for good is no gap.
            with_erased: true,
            ..Default::default()
        };
        let mut messaging =
            MessagingServiceClient::new(node.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
        let answer = messaging.list_messages(self.caller().request(request)).await?.into_inner();
        Ok(answer.messages.into_iter().map(|message| self.event(message)).collect())
    }

    /// A direct conversation is seen from its sender's side; a group's history needs nobody's.
    fn caller(&self) -> Caller {
        match self.with_type {
            ReceiverType::User => Caller::api_key(
                &self.app_id,
                halley_contracts::common::v1::ApiKeyPrincipal {
                    on_behalf_of: self.sender.clone(),
                    ..Default::default()
                },
            ),
            _ => Caller::system(&self.app_id),
        }
    }

    fn event(&self, message: Message) -> Event {
        let device_id = message.device_id.clone();
        Event {
            app_id: self.app_id.clone(),
            occurred_at_ms: message.sent_at_ms,
            origin_device_id: device_id,
            body: Some(Body::MessageSent(MessageSent { message: Some(message) })),
            ..Default::default()
        }
    }
}
