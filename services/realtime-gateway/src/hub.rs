//! Which socket is in which room. A room is a live channel: a user's own, or a group's.
//!
//! The first socket in makes the node subscribe to the channel, the last one out ends it. Both wishes are told to the
//! subscriber under the table's lock: told after it, a room's end could overtake its new beginning, and the room would
//! hear nothing. No lock is held across an await; there is one for the table and some for each room, taken in this order.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use halley_bus::Channel;
use halley_contracts::events::v1::Event;
use halley_kit::time;
use tokio::sync::SetOnce;

use crate::{
    frame::{Frames, Wanted},
    order::Orders,
    socket::{Socket, Variant},
};

/// The sockets of a channel.
pub struct Room {
    /// Unix milliseconds. What was sent before is for clients to fetch.
    pub opened_at_ms: i64,
    /// The order of its messages, which begins and ends with the room. Only the dispatch uses it.
    pub orders: Mutex<Orders<Event>>,
    sockets: Mutex<Sockets>,
    subscribed: SetOnce<()>,
}

/// The sockets of a room, and how many there are of each variant.
#[derive(Default)]
struct Sockets {
    by_id: HashMap<u64, Arc<Socket>>,
    counts: [usize; Variant::ALL.len()],
}

impl Sockets {
    fn put(&mut self, socket: &Arc<Socket>) {
        if self.by_id.insert(socket.id, Arc::clone(socket)).is_none() {
            self.counts[socket.variant as usize] += 1;
        }
    }

    fn take(&mut self, socket_id: u64) {
        if let Some(socket) = self.by_id.remove(&socket_id) {
            self.counts[socket.variant as usize] -= 1;
        }
    }

    fn has(&self, variant: Variant) -> bool {
        self.counts[variant as usize] > 0
    }
}

impl Room {
    fn new() -> Self {
        Self {
            opened_at_ms: time::now_ms(),
            orders: Mutex::default(),
            sockets: Mutex::default(),
            subscribed: SetOnce::new(),
        }
    }

    /// Says that what is published from now on arrives.
    pub fn set_subscribed(&self) {
        // Whoever else waited for it may have said so first.
        let _first = self.subscribed.set(());
    }

    /// Waits until what is published arrives.
    pub async fn subscribed(&self) {
        self.subscribed.wait().await;
    }

    /// Its sockets.
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        lock(&self.sockets).by_id.values().cloned().collect()
    }

    /// Which variants its sockets speak.
    pub fn wanted(&self) -> Wanted {
        let sockets = lock(&self.sockets);
        Wanted {
            plain: sockets.has(Variant::Plain),
            positions: sockets.has(Variant::Positions),
            binary: sockets.has(Variant::Binary),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.sockets).by_id.len()
    }

    /// Puts the same bytes into the queues of some sockets; answers how many got them.
    pub fn send_where(&self, frames: &Frames, is_told: impl Fn(&Socket) -> bool) -> usize {
        let mut sent = 0;
        for socket in lock(&self.sockets).by_id.values() {
            if !is_told(socket) {
                continue;
            }
            if let Some(frame) = frames.of(socket.variant) {
                socket.push(frame);
                sent += 1;
            }
        }
        sent
    }
}

/// All rooms of the node, and what each socket is in.
#[derive(Default)]
pub struct Hub {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    rooms: HashMap<Channel, Arc<Room>>,
    members: HashMap<u64, Member>,
}

struct Member {
    socket: Arc<Socket>,
    rooms: HashSet<Channel>,
}

impl Hub {
    /// Takes a socket in, in no room yet.
    pub fn add(&self, socket: &Arc<Socket>) {
        let member = Member { socket: Arc::clone(socket), rooms: HashSet::new() };
        lock(&self.table).members.insert(socket.id, member);
    }

    /// Puts a socket into rooms. When some of them are not subscribed to yet, whoever opened them, `subscribe` is called
    /// with their channels, and its answer is given back with the rooms. A socket that is gone enters none.
    pub fn enter<S>(
        &self,
        socket_id: u64,
        channels: impl IntoIterator<Item = Channel>,
        subscribe: impl FnOnce(Vec<Channel>) -> S,
    ) -> Option<(S, Vec<Arc<Room>>)> {
        let mut table = lock(&self.table);
        let Table { rooms, members } = &mut *table;
        let member = members.get_mut(&socket_id)?;
        let (mut unheard, mut waiting) = (Vec::new(), Vec::new());
        for channel in channels {
            if !member.rooms.insert(channel.clone()) {
                continue;
            }
            let room = match rooms.entry(channel.clone()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(Arc::new(Room::new())),
            };
            lock(&room.sockets).put(&member.socket);
            if !room.subscribed.initialized() {
                unheard.push(channel);
                waiting.push(Arc::clone(room));
            }
        }
        if unheard.is_empty() { None } else { Some((subscribe(unheard), waiting)) }
    }

    /// Takes a socket out of a room; calls `unsubscribe` when nobody is left in it.
    pub fn leave(&self, socket_id: u64, channel: &Channel, unsubscribe: impl FnOnce(Vec<Channel>)) {
        let mut table = lock(&self.table);
        let is_member = table.members.get_mut(&socket_id).is_some_and(|member| member.rooms.remove(channel));
        if is_member && table.take_out(socket_id, channel) {
            unsubscribe(vec![channel.clone()]);
        }
    }

    /// Takes a socket out of everything; calls `unsubscribe` with the channels that nobody is left in.
    pub fn remove(&self, socket_id: u64, unsubscribe: impl FnOnce(Vec<Channel>)) {
        let mut table = lock(&self.table);
        let Some(member) = table.members.remove(&socket_id) else { return };
        let closed: Vec<Channel> =
            member.rooms.into_iter().filter(|channel| table.take_out(socket_id, channel)).collect();
        if !closed.is_empty() {
            unsubscribe(closed);
        }
    }

    /// The room of a channel, if anybody is in it.
    pub fn room(&self, channel: &Channel) -> Option<Arc<Room>> {
        lock(&self.table).rooms.get(channel).cloned()
    }

    /// Whether a socket is in a room.
    pub fn is_in(&self, socket_id: u64, channel: &Channel) -> bool {
        lock(&self.table).members.get(&socket_id).is_some_and(|member| member.rooms.contains(channel))
    }

    /// The sockets of a room.
    pub fn sockets(&self, channel: &Channel) -> Vec<Arc<Socket>> {
        self.room(channel).map(|room| room.sockets()).unwrap_or_default()
    }

    /// Every socket.
    pub fn all(&self) -> Vec<Arc<Socket>> {
        lock(&self.table).members.values().map(|member| Arc::clone(&member.socket)).collect()
    }

    /// How many sockets each app has that are logged in.
    pub fn count_by_app(&self) -> HashMap<String, i64> {
        let table = lock(&self.table);
        let mut counts: HashMap<&str, i64> = HashMap::new();
        for identity in table.members.values().filter_map(|member| member.socket.identity()) {
            *counts.entry(identity.app_id.as_str()).or_default() += 1;
        }
        counts.into_iter().map(|(app_id, count)| (app_id.to_owned(), count)).collect()
    }

    /// How many sockets there are.
    pub fn len(&self) -> usize {
        lock(&self.table).members.len()
    }
}

impl Table {
    /// Removes a socket from a room; true when the room is now closed.
    fn take_out(&mut self, socket_id: u64, channel: &Channel) -> bool {
        let Some(room) = self.rooms.get(channel) else { return false };
        let mut sockets = lock(&room.sockets);
        sockets.take(socket_id);
        if !sockets.by_id.is_empty() {
            return false;
        }
        drop(sockets);
        self.rooms.remove(channel);
        true
    }
}

/// A poisoned lock guards nothing that a panic could have left half-done.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(hub: &Hub) -> Arc<Socket> {
        let socket = Socket::new(Variant::Plain, 1000);
        hub.add(&socket);
        socket
    }

    /// Which channels must be subscribed to.
    fn enter(hub: &Hub, socket: &Socket, room: &Channel) -> Vec<Channel> {
        hub.enter(socket.id, [room.clone()], |channels| channels).map(|(channels, _)| channels).unwrap_or_default()
    }

    fn closed(act: impl FnOnce(&mut dyn FnMut(Vec<Channel>))) -> Vec<Channel> {
        let mut closed = Vec::new();
        act(&mut |channels| closed.extend(channels));
        closed
    }

    #[test]
    fn the_first_in_opens_and_the_last_out_closes() {
        let hub = Hub::default();
        let (a, b) = (socket(&hub), socket(&hub));
        let room = Channel::group("app", "g");
        assert_eq!(enter(&hub, &a, &room), vec![room.clone()]);
        hub.room(&room).expect("open").set_subscribed();
        assert!(enter(&hub, &b, &room).is_empty());
        assert!(closed(|unsubscribe| hub.leave(a.id, &room, unsubscribe)).is_empty());
        assert!(closed(|unsubscribe| hub.leave(a.id, &room, unsubscribe)).is_empty());
        assert_eq!(closed(|unsubscribe| hub.remove(b.id, unsubscribe)), vec![room.clone()]);
        assert!(hub.room(&room).is_none());
    }

    #[test]
    fn only_what_somebody_in_the_room_speaks_is_wanted() {
        let hub = Hub::default();
        let room = Channel::group("app", "g");
        let sockets = Variant::ALL.map(|variant| Socket::new(variant, 1000));
        for socket in &sockets {
            hub.add(socket);
            enter(&hub, socket, &room);
            enter(&hub, socket, &room);
        }
        let open = hub.room(&room).expect("open");
        for (n, socket) in sockets.iter().enumerate() {
            let wanted = open.wanted();
            assert_eq!([wanted.plain, wanted.positions, wanted.binary], [0, 1, 2].map(|of| of >= n));
            hub.leave(socket.id, &room, |_| {});
            hub.remove(socket.id, |_| {});
        }
        let wanted = open.wanted();
        assert!(!wanted.plain && !wanted.positions && !wanted.binary);
    }

    #[test]
    fn wishes_are_told_before_anybody_else_can_enter_or_leave() {
        let hub = Hub::default();
        let (a, b) = (socket(&hub), socket(&hub));
        let is_locked = || assert!(hub.table.try_lock().is_err());
        let room = Channel::group("app", "g");
        hub.enter(a.id, [room.clone()], |_| is_locked()).expect("told");
        hub.leave(a.id, &room, |_| is_locked());
        hub.enter(b.id, [room.clone()], |_| is_locked()).expect("told");
        hub.remove(b.id, |_| is_locked());
    }

    #[test]
    fn who_enters_before_the_subscription_stands_waits_for_it_too() {
        let hub = Hub::default();
        let (a, b) = (socket(&hub), socket(&hub));
        let room = Channel::group("app", "g");
        enter(&hub, &a, &room);
        assert_eq!(enter(&hub, &b, &room), vec![room.clone()]);
        assert!(enter(&hub, &b, &room).is_empty(), "it is in already");
    }

    #[test]
    fn a_socket_that_is_gone_enters_no_room() {
        let hub = Hub::default();
        let a = socket(&hub);
        hub.remove(a.id, |_| {});
        assert!(enter(&hub, &a, &Channel::group("app", "g")).is_empty());
        assert!(hub.room(&Channel::group("app", "g")).is_none());
    }

    #[test]
    fn a_room_that_opens_again_is_another() {
        let hub = Hub::default();
        let room = Channel::user("app", "ann");
        let a = socket(&hub);
        enter(&hub, &a, &room);
        let first = hub.room(&room).expect("open");
        first.set_subscribed();
        hub.leave(a.id, &room, |_| {});
        assert_eq!(enter(&hub, &a, &room), vec![room.clone()]);
        assert!(!Arc::ptr_eq(&first, &hub.room(&room).expect("open")));
    }
}
