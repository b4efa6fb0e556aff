//! Which socket is in which room. A room is a live channel: a user's own, or a group's.
//!
//! The first socket in makes the node subscribe to the channel, the last one out ends it. No lock is held across an
//! await; there is one lock for the table and one for each room, taken in this order.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::extract::ws::Utf8Bytes;
use halley_bus::Channel;

use crate::socket::{Socket, Variant};

static NEXT_EPOCH: AtomicU64 = AtomicU64::new(1);

/// The sockets of a channel.
pub struct Room {
    /// Tells this room from an earlier one of the same channel, whose order of messages does not carry over.
    pub epoch: u64,
    sockets: Mutex<HashMap<u64, Arc<Socket>>>,
}

/// One frame in each protocol variant that the room has a socket for.
pub struct Frames {
    pub plain: Option<Utf8Bytes>,
    pub positions: Option<Utf8Bytes>,
}

impl Room {
    /// Which variants its sockets speak: (plain, positions).
    pub fn variants(&self) -> (bool, bool) {
        let sockets = lock(&self.sockets);
        let plain = sockets.values().any(|socket| socket.variant == Variant::Plain);
        (plain, sockets.values().any(|socket| socket.variant == Variant::Positions))
    }

    /// Puts the same bytes into every socket's queue; answers how many got them.
    pub fn send(&self, frames: &Frames) -> usize {
        let mut sent = 0;
        for socket in lock(&self.sockets).values() {
            let frame = match socket.variant {
                Variant::Plain => frames.plain.as_ref(),
                Variant::Positions => frames.positions.as_ref(),
            };
            if let Some(frame) = frame {
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

    /// Puts a socket into rooms; answers the channels that must now be subscribed to. A socket that is gone enters none.
    pub fn enter(&self, socket_id: u64, channels: impl IntoIterator<Item = Channel>) -> Vec<Channel> {
        let mut opened = Vec::new();
        let mut table = lock(&self.table);
        let Table { rooms, members } = &mut *table;
        let Some(member) = members.get_mut(&socket_id) else { return opened };
        for channel in channels {
            if !member.rooms.insert(channel.clone()) {
                continue;
            }
            let room = match rooms.entry(channel) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    opened.push(entry.key().clone());
                    let epoch = NEXT_EPOCH.fetch_add(1, Ordering::Relaxed);
                    entry.insert(Arc::new(Room { epoch, sockets: Mutex::default() }))
                }
            };
            lock(&room.sockets).insert(socket_id, Arc::clone(&member.socket));
        }
        opened
    }

    /// Takes a socket out of a room; answers the channel when nobody is left in it.
    pub fn leave(&self, socket_id: u64, channel: &Channel) -> Option<Channel> {
        let mut table = lock(&self.table);
        let member = table.members.get_mut(&socket_id)?;
        if !member.rooms.remove(channel) {
            return None;
        }
        table.take_out(socket_id, channel).then(|| channel.clone())
    }

    /// Takes a socket out of everything; answers the channels that nobody is left in.
    pub fn remove(&self, socket_id: u64) -> Vec<Channel> {
        let mut table = lock(&self.table);
        let Some(member) = table.members.remove(&socket_id) else { return Vec::new() };
        member.rooms.into_iter().filter(|channel| table.take_out(socket_id, channel)).collect()
    }

    /// The room of a channel, if anybody is in it.
    pub fn room(&self, channel: &Channel) -> Option<Arc<Room>> {
        lock(&self.table).rooms.get(channel).cloned()
    }

    /// The sockets of a room.
    pub fn sockets(&self, channel: &Channel) -> Vec<Arc<Socket>> {
        match self.room(channel) {
            Some(room) => lock(&room.sockets).values().cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Every socket.
    pub fn all(&self) -> Vec<Arc<Socket>> {
        lock(&self.table).members.values().map(|member| Arc::clone(&member.socket)).collect()
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
        sockets.remove(&socket_id);
        if !sockets.is_empty() {
            return false;
        }
        drop(sockets);
        self.rooms.remove(channel);
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

    #[test]
    fn the_first_in_opens_and_the_last_out_closes() {
        let hub = Hub::default();
        let (a, b) = (socket(&hub), socket(&hub));
        let room = Channel::group("app", "g");
        assert_eq!(hub.enter(a.id, [room.clone()]), [room.clone()]);
        assert!(hub.enter(b.id, [room.clone()]).is_empty());
        assert_eq!(hub.leave(a.id, &room), None);
        assert_eq!(hub.remove(b.id), [room.clone()]);
        assert!(hub.room(&room).is_none());
    }

    #[test]
    fn a_socket_that_is_gone_enters_no_room() {
        let hub = Hub::default();
        let a = socket(&hub);
        hub.remove(a.id);
        assert!(hub.enter(a.id, [Channel::group("app", "g")]).is_empty());
        assert!(hub.room(&Channel::group("app", "g")).is_none());
    }

    #[test]
    fn a_room_that_opens_again_is_another() {
        let hub = Hub::default();
        let room = Channel::user("app", "ann");
        let a = socket(&hub);
        hub.enter(a.id, [room.clone()]);
        let first = hub.room(&room).expect("open").epoch;
        hub.leave(a.id, &room);
        hub.enter(a.id, [room.clone()]);
        assert_ne!(hub.room(&room).expect("open").epoch, first);
    }
}
