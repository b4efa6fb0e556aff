//! From the bus into the rooms: one task, so that the order of a channel is kept without a lock.

use std::{collections::HashMap, sync::Arc, time::Duration};

use halley_bus::{Channel, Delivery};
use halley_contracts::{
    events::v1::{ChangeKind, Event, MessageSent, event::Body},
    groups::v1::{MembershipAction, MembershipChanged},
    messaging::v1::{
        Direction, ListMessagesRequest, Message, ReceiverType, messaging_service_client::MessagingServiceClient,
    },
};
use halley_kit::Caller;
use prost::Message as _;
use tokio::sync::mpsc;

use crate::{
    close::Close,
    frame,
    hub::Room,
    node::{Node, Revocation},
    order::{Orders, Verdict},
};

/// How long a message that came too early waits before what is missing is asked for.
const PATIENCE: Duration = Duration::from_millis(100);
/// Most rooms whose order is remembered; past it the rooms that closed are forgotten.
const ROOMS_MAX: usize = 10_000;
/// Most missing messages that are fetched for one gap.
const REPAIR_MAX: i32 = 1000;

struct Dispatch {
    node: Arc<Node>,
    rooms: HashMap<Channel, RoomOrder>,
    repairs: mpsc::Sender<Repair>,
}

struct RoomOrder {
    epoch: u64,
    orders: Orders<Event>,
}

/// The end of a wait: what was missing, as far as it could be fetched.
struct Repair {
    channel: Channel,
    epoch: u64,
    conversation_id: String,
    messages: Vec<Event>,
}

/// Runs the task until the end.
pub async fn start(node: Arc<Node>, mut deliveries: mpsc::Receiver<Delivery>) {
    node.subscribe_facts().await;
    let stopping = node.lifecycle.stopping();
    let lifecycle = node.lifecycle.clone();
    let (repairs, mut repaired) = mpsc::channel(1024);
    let mut dispatch = Dispatch { node, rooms: HashMap::new(), repairs };
    lifecycle.spawn("dispatch of live events", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
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
            Delivery::Lost => tracing::warn!("the live feed is cut"),
            Delivery::Gap => self.resync(),
        }
    }

    /// After a cut nobody knows what was missed: the clients reconnect and fetch it.
    fn resync(&mut self) {
        self.rooms.clear();
        let sockets = self.node.hub.all();
        tracing::warn!(sockets = sockets.len(), "the live feed is back; sockets are told to sync");
        for socket in sockets {
            socket.close(Close::Resync);
        }
        let node = Arc::clone(&self.node);
        // Redis may have come back empty.
        tokio::spawn(async move {
            if let Err(error) = node.presence.restore(&node.online()).await {
                tracing::warn!(%error, "presence is not restored");
            }
        });
    }

    fn live(&mut self, channel: Channel, event: Event) {
        let Some(room) = self.node.hub.room(&channel) else { return };
        let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else {
            send(&room, &event);
            return;
        };
        let (conversation_id, sequence) = (message.conversation_id.clone(), message.sequence);
        let place = Place::of(&event.app_id, message);
        let order = self.order(&channel, room.epoch);
        match order.accept(&conversation_id, sequence, event) {
            Verdict::Send(events) => events.iter().for_each(|event| send(&room, event)),
            Verdict::Wait { first: false, .. } => {}
            Verdict::Wait { first: true, .. } => self.ask(channel, room.epoch, place),
        }
    }

    /// The order of a room's messages. A room that closed and opened again begins anew.
    fn order(&mut self, channel: &Channel, epoch: u64) -> &mut Orders<Event> {
        if self.rooms.len() >= ROOMS_MAX && !self.rooms.contains_key(channel) {
            let hub = &self.node.hub;
            self.rooms.retain(|channel, _| hub.room(channel).is_some());
        }
        let order = self.rooms.entry(channel.clone()).or_insert_with(|| RoomOrder { epoch, orders: Orders::default() });
        if order.epoch != epoch {
            *order = RoomOrder { epoch, orders: Orders::default() };
        }
        &mut order.orders
    }

    /// Waits a moment for the missing messages to come by themselves, then fetches them.
    fn ask(&mut self, channel: Channel, epoch: u64, place: Place) {
        let from = self.order(&channel, epoch).missing(&place.conversation_id);
        let Some(from) = from else { return };
        let node = Arc::clone(&self.node);
        let repairs = self.repairs.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            let messages = place.fetch(&node, from).await;
            let repair = Repair { channel, epoch, conversation_id: place.conversation_id, messages };
            // A full queue means that the node is stopping or far behind; the next gap asks again.
            if repairs.send(repair).await.is_err() {
                tracing::debug!("the dispatch has ended");
            }
        });
    }

    fn repair(&mut self, repair: Repair) {
        let Some(room) = self.node.hub.room(&repair.channel) else { return };
        if room.epoch != repair.epoch {
            return;
        }
        let order = self.order(&repair.channel, repair.epoch);
        if order.missing(&repair.conversation_id).is_none() {
            return;
        }
        let mut events = Vec::new();
        for event in repair.messages {
            let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else { continue };
            if let Verdict::Send(ready) = order.accept(&repair.conversation_id, message.sequence, event) {
                events.extend(ready);
            }
        }
        events.extend(order.give_up(&repair.conversation_id));
        metrics::counter!("halley_gateway_repairs_total").increment(1);
        events.iter().for_each(|event| send(&room, event));
    }

    fn fact(&mut self, event: Event) {
        let Event { app_id, body: Some(body), .. } = event else { return };
        match body {
            Body::CredentialRevoked(revoked) if !revoked.uid.is_empty() => {
                let (uid, token_ids) = (revoked.uid, revoked.credential_ids);
                self.node.revoke(Revocation { app_id, uid, token_ids });
            }
            Body::MembershipChanged(changed) => self.membership(app_id, changed),
            Body::GroupChanged(changed) if changed.kind() == ChangeKind::Deleted => {
                self.node.group_deleted(&app_id, &changed.group.unwrap_or_default().guid);
            }
            Body::MembersImported(imported) => {
                for uid in imported.uids {
                    self.joined(&app_id, &imported.guid, uid);
                }
            }
            Body::UserChanged(changed) if matches!(changed.kind(), ChangeKind::Deleted | ChangeKind::Deactivated) => {
                let uid = changed.user.unwrap_or_default().uid;
                self.node.revoke(Revocation { app_id, uid, token_ids: Vec::new() });
            }
            _ => {}
        }
    }

    fn membership(&mut self, app_id: String, changed: MembershipChanged) {
        let action = changed.action();
        let guid = changed.group.unwrap_or_default().guid;
        match action {
            MembershipAction::Joined | MembershipAction::Added => self.joined(&app_id, &guid, changed.on_uid),
            MembershipAction::Left | MembershipAction::Kicked | MembershipAction::Banned => {
                self.node.user_left(&app_id, &guid, &changed.on_uid);
            }
            _ => {}
        }
    }

    fn joined(&self, app_id: &str, guid: &str, uid: String) {
        if self.node.hub.room(&Channel::user(app_id, &uid)).is_none() {
            return;
        }
        let node = Arc::clone(&self.node);
        let (app_id, guid) = (app_id.to_owned(), guid.to_owned());
        // Subscribing waits for Redis, which answers on the feed that this task reads.
        tokio::spawn(async move { node.user_joined(&app_id, &guid, &uid).await });
    }
}

/// Encodes an event once for each variant in the room and hands the same bytes to every socket.
fn send(room: &Room, event: &Event) {
    let (plain, positions) = room.variants();
    let Some(frames) = frame::encode(event, plain, positions) else { return };
    let sent = room.send(&frames);
    metrics::counter!("halley_gateway_frames_total").increment(sent as u64);
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
    fn of(app_id: &str, message: &Message) -> Self {
        Self {
            app_id: app_id.to_owned(),
            conversation_id: message.conversation_id.clone(),
            with_type: message.receiver_type(),
            with: message.receiver.clone(),
            sender: message.sender_uid.clone(),
        }
    }

    /// The messages from a sequence number on. What can't be fetched is missing from the answer, and logged.
    async fn fetch(&self, node: &Node, from: i64) -> Vec<Event> {
        let request = ListMessagesRequest {
            with_type: self.with_type.into(),
            with: self.with.clone(),
            direction: Direction::Append.into(),
            limit: REPAIR_MAX,
            cursor_sequence: from - 1,
            ..Default::default()
        };
        let caller = self.caller();
        let answer = MessagingServiceClient::new(node.messaging.clone()).list_messages(caller.request(request)).await;
        match answer {
            Ok(answer) => answer.into_inner().messages.into_iter().map(|message| self.event(message)).collect(),
            Err(status) => {
                tracing::warn!(%status, conversation = %self.conversation_id, "missing messages can't be fetched");
                Vec::new()
            }
        }
    }

    /// A direct conversation is seen from its sender's side; a group's history needs nobody's.
    fn caller(&self) -> Caller {
        match self.with_type {
            ReceiverType::User => Caller::api_key(
                &self.app_id,
                halley_contracts::common::v1::ApiKeyPrincipal { on_behalf_of: self.sender.clone(), ..Default::default() },
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
