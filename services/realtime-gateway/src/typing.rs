//! Who types in which room, as this node's sockets are told. Pure: time and sending belong to the caller.
//!
//! In a room of thousands somebody always begins or stops. So changes are gathered for a moment and net out, at most
//! [`SHOWN_MAX`] people are shown typing in one room, and the moment grows with the room: a room costs a bounded number
//! of frames a second, however many type. The first change in a quiet room goes out at once. Who was not shown typing
//! is not shown stopping.
//!
//! A node that crashes, or a client that forgets, never tells the end: whoever was not heard of for a while is taken to
//! have stopped. Nodes tell what goes on again before that.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use halley_bus::Channel;
use halley_contracts::events::v1::{Event, TypingChanged, event::Body};

/// Most people who are shown typing in one room.
pub const SHOWN_MAX: usize = 10;
/// How long changes of a room of at most [`SMALL`] sockets are gathered; larger rooms in proportion, up to [`SLOWEST`].
const GATHERED: Duration = Duration::from_millis(200);
const SMALL: usize = 200;
const SLOWEST: u32 = 10;
/// Most people of one room who are known to type; who begins after that is not shown.
const KNOWN_MAX: usize = 200;
/// Most devices on which one person types at once in one room.
const DEVICES_MAX: usize = 10;

/// Typing in all rooms of the node.
pub struct Typing {
    timeout: Duration,
    rooms: HashMap<Channel, Typists>,
}

#[derive(Default)]
struct Typists {
    /// By uid.
    known: HashMap<String, Typist>,
    /// Before this nothing more is told.
    quiet_until: Option<Instant>,
    /// Whether anything may be to be told.
    changed: bool,
}

struct Typist {
    /// On which devices, and how long that is believed.
    devices: HashMap<String, Instant>,
    shown: bool,
    last: Event,
}

impl Typing {
    /// Nobody types. Who is not heard of for `timeout` has stopped.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, rooms: HashMap::new() }
    }

    /// Takes a change in. What is to be told follows from [`Typing::due`].
    pub fn take(&mut self, room: &Channel, event: Event, now: Instant) {
        let Some(Body::TypingChanged(TypingChanged { user: Some(user), started, .. })) = &event.body else { return };
        let (uid, started, device) = (user.uid.clone(), *started, event.origin_device_id.clone());
        if !started {
            let Some(typist) = self.rooms.get_mut(room).and_then(|room| room.end(&uid)) else { return };
            typist.devices.remove(&device);
            typist.last = event;
            return;
        }
        let typists = self.rooms.entry(room.clone()).or_default();
        if !typists.known.contains_key(&uid) && typists.known.len() >= KNOWN_MAX {
            return;
        }
        typists.changed = true;
        let typist = typists.known.entry(uid).or_insert_with(|| Typist::new(event.clone()));
        if typist.devices.len() < DEVICES_MAX || typist.devices.contains_key(&device) {
            typist.devices.insert(device, now + self.timeout);
        }
        typist.last = event;
    }

    /// Ends a user's typing in a room, whatever was heard.
    pub fn gone(&mut self, room: &Channel, uid: &str) {
        if let Some(typist) = self.rooms.get_mut(room).and_then(|room| room.end(uid)) {
            typist.devices.clear();
        }
    }

    /// Forgets everything: the sockets that were told are gone.
    pub fn clear(&mut self) {
        self.rooms.clear();
    }

    /// Whether anybody types anywhere.
    pub fn is_idle(&self) -> bool {
        self.rooms.is_empty()
    }

    /// The rooms of which something may be to be told now.
    pub fn due(&self, now: Instant) -> Vec<Channel> {
        let due = self.rooms.iter().filter(|(_, room)| room.is_due(now));
        due.map(|(channel, _)| channel.clone()).collect()
    }

    /// Whether something of this room may be to be told now.
    pub fn is_due(&self, room: &Channel, now: Instant) -> bool {
        self.rooms.get(room).is_some_and(|room| room.is_due(now))
    }

    /// What a room with so many sockets is told now. A room without sockets is forgotten.
    pub fn tell(&mut self, room: &Channel, sockets: usize, now: Instant) -> Vec<Event> {
        let Some(typists) = self.rooms.get_mut(room) else { return Vec::new() };
        let told = typists.tell(now);
        if !told.is_empty() {
            typists.quiet_until = Some(now + gathered(sockets));
        }
        let is_quiet = typists.quiet_until.is_none_or(|until| until <= now);
        if sockets == 0 || (typists.known.is_empty() && is_quiet) {
            self.rooms.remove(room);
        }
        told
    }
}

impl Typists {
    /// A typist who may be to be shown no more.
    fn end(&mut self, uid: &str) -> Option<&mut Typist> {
        let typist = self.known.get_mut(uid)?;
        self.changed = true;
        Some(typist)
    }

    fn is_due(&self, now: Instant) -> bool {
        let is_over = |typist: &Typist| typist.devices.values().any(|until| *until <= now);
        let is_quiet = self.quiet_until.is_some_and(|until| now < until);
        !is_quiet && (self.changed || self.known.is_empty() || self.known.values().any(is_over))
    }

    /// Ends first: they make room for beginnings.
    fn tell(&mut self, now: Instant) -> Vec<Event> {
        self.changed = false;
        let mut told = Vec::new();
        self.known.retain(|_, typist| {
            typist.devices.retain(|_, until| *until > now);
            if typist.devices.is_empty() && typist.shown {
                told.push(typist.event(false));
            }
            !typist.devices.is_empty()
        });
        let shown = self.known.values().filter(|typist| typist.shown).count();
        let waiting = self.known.values_mut().filter(|typist| !typist.shown);
        for typist in waiting.take(SHOWN_MAX.saturating_sub(shown)) {
            typist.shown = true;
            told.push(typist.event(true));
        }
        told
    }
}

impl Typist {
    fn new(last: Event) -> Self {
        Self { devices: HashMap::new(), shown: false, last }
    }

    /// Its beginning or end, as heard last; an end that was never heard is made of the beginning.
    fn event(&self, started: bool) -> Event {
        let mut event = self.last.clone();
        if let Some(Body::TypingChanged(changed)) = &mut event.body
            && changed.started != started
        {
            changed.started = started;
            changed.metadata_json.clear();
        }
        event
    }
}

fn gathered(sockets: usize) -> Duration {
    GATHERED * u32::try_from(sockets / SMALL).unwrap_or(SLOWEST).clamp(1, SLOWEST)
}

#[cfg(test)]
mod tests {
    use halley_contracts::identity::v1::User;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn change(uid: &str, device: &str, started: bool) -> Event {
        let user = Some(User { uid: uid.to_owned(), ..Default::default() });
        let changed = TypingChanged { user, started, metadata_json: r#"{"k":1}"#.to_owned(), ..Default::default() };
        halley_bus::event("app", device, Body::TypingChanged(changed))
    }

    struct Scene {
        typing: Typing,
        room: Channel,
        begun: Instant,
    }

    impl Scene {
        fn new() -> Self {
            Self { typing: Typing::new(TIMEOUT), room: Channel::group("app", "g"), begun: Instant::now() }
        }

        fn take(&mut self, ms: u64, uid: &str, device: &str, started: bool) {
            let now = self.begun + Duration::from_millis(ms);
            self.typing.take(&self.room, change(uid, device, started), now);
        }

        /// What a room of so many sockets hears at a time: `+uid` and `-uid`.
        fn heard(&mut self, ms: u64, sockets: usize) -> Vec<String> {
            let now = self.begun + Duration::from_millis(ms);
            if !self.typing.is_due(&self.room, now) {
                return Vec::new();
            }
            let told = self.typing.tell(&self.room, sockets, now);
            let word = |event: &Event| match &event.body {
                Some(Body::TypingChanged(changed)) => {
                    let sign = if changed.started { '+' } else { '-' };
                    format!("{sign}{}", changed.user.as_ref().expect("a user").uid)
                }
                _ => panic!("not typing"),
            };
            told.iter().map(word).collect()
        }
    }

    #[test]
    fn the_first_change_goes_out_at_once_and_later_ones_net_out() {
        let mut scene = Scene::new();
        scene.take(0, "ann", "d", true);
        assert_eq!(scene.heard(0, 3), ["+ann"]);
        scene.take(50, "bob", "d", true);
        scene.take(60, "cat", "d", true);
        scene.take(70, "bob", "d", false);
        assert!(scene.heard(100, 3).is_empty());
        assert_eq!(scene.heard(200, 3), ["+cat"], "bob was never shown, and is not shown stopping");
        scene.take(300, "ann", "d", false);
        scene.take(350, "ann", "d", true);
        assert!(scene.heard(500, 3).is_empty(), "she goes on");
        scene.take(510, "ann", "d", false);
        scene.take(510, "cat", "d", false);
        let mut heard = scene.heard(520, 3);
        heard.sort();
        assert_eq!(heard, ["-ann", "-cat"]);
        scene.heard(1000, 3);
        assert!(scene.typing.is_idle(), "nothing is kept of a quiet room");
    }

    #[test]
    fn a_room_shows_few_and_the_more_sockets_it_has_the_less_often() {
        let mut scene = Scene::new();
        for n in 0..1000 {
            scene.take(0, &format!("u{n}"), "d", true);
        }
        assert_eq!(scene.heard(0, 5000).len(), SHOWN_MAX);
        for n in 0..1000 {
            scene.take(100, &format!("u{n}"), "d", false);
        }
        assert!(scene.heard(1900, 5000).is_empty());
        let heard = scene.heard(2000, 5000);
        assert!(heard.len() == SHOWN_MAX && heard.iter().all(|word| word.starts_with('-')), "{heard:?}");
    }

    #[test]
    fn who_waits_is_shown_when_there_is_room() {
        let mut scene = Scene::new();
        for n in 0..=SHOWN_MAX {
            scene.take(0, &format!("u{n}"), "d", true);
        }
        let shown = scene.heard(0, 3);
        assert_eq!(shown.len(), SHOWN_MAX);
        scene.take(300, &shown[0][1..], "d", false);
        assert_eq!(scene.heard(300, 3).len(), 2, "one stops, the other is shown");
    }

    #[test]
    fn who_is_not_heard_of_has_stopped_and_whoever_is_goes_on() {
        let mut scene = Scene::new();
        scene.take(0, "ann", "d", true);
        scene.take(0, "bob", "d", true);
        assert_eq!(scene.heard(0, 3).len(), 2);
        scene.take(30_000, "bob", "d", true);
        assert!(scene.heard(59_999, 3).is_empty());
        assert_eq!(scene.heard(60_000, 3), ["-ann"]);
        assert_eq!(scene.heard(90_000, 3), ["-bob"]);
    }

    #[test]
    fn one_device_stops_and_the_other_goes_on() {
        let mut scene = Scene::new();
        scene.take(0, "ann", "phone", true);
        scene.take(0, "ann", "desk", true);
        assert_eq!(scene.heard(0, 3), ["+ann"]);
        scene.take(300, "ann", "phone", false);
        assert!(scene.heard(300, 3).is_empty());
        scene.take(600, "ann", "desk", false);
        assert_eq!(scene.heard(600, 3), ["-ann"]);
    }

    #[test]
    fn who_leaves_the_room_stops_and_an_end_that_was_not_heard_has_no_metadata() {
        let mut scene = Scene::new();
        scene.take(0, "ann", "phone", true);
        assert_eq!(scene.heard(0, 3), ["+ann"]);
        let room = scene.room.clone();
        scene.typing.gone(&room, "ann");
        scene.typing.gone(&room, "nobody");
        let told = scene.typing.tell(&room, 3, scene.begun + Duration::from_millis(300));
        let Some(Body::TypingChanged(changed)) = &told[0].body else { panic!("not typing") };
        assert!(!changed.started && changed.metadata_json.is_empty());
    }

    #[test]
    fn rooms_without_sockets_and_people_past_the_bound_are_not_kept() {
        let mut scene = Scene::new();
        for n in 0..2000 {
            scene.take(0, &format!("u{n}"), "d", true);
            scene.take(0, "u0", &format!("d{n}"), true);
        }
        assert_eq!(scene.typing.rooms[&scene.room].known.len(), KNOWN_MAX);
        assert_eq!(scene.typing.rooms[&scene.room].known["u0"].devices.len(), DEVICES_MAX);
        scene.heard(0, 0);
        assert!(scene.typing.is_idle());
    }
}
