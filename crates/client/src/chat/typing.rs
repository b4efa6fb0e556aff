use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::models::text;
use crate::session::Handle;
use crate::{Outgoing, Receiver};

/// Who does not go on typing for so long has stopped.
const PAUSE: Duration = Duration::from_secs(5);
/// A server forgets who types after 40 s without a word of it.
const REPEAT: Duration = Duration::from_secs(15);

/// Says that the user types, and that it has stopped.
pub(super) struct Typist {
    handle: Handle,
    /// Some apps take no such notes.
    is_on: bool,
    pause: Duration,
    repeat: Duration,
    typed: Mutex<Typed>,
}

#[derive(Default)]
struct Typed {
    peers: HashMap<Receiver, Note>,
    /// Grows with each keystroke, so that a timer knows its own.
    keystrokes: u64,
}

struct Note {
    metadata: Option<Value>,
    told_at: Instant,
    keystroke: u64,
    timer: AbortHandle,
}

impl Typist {
    pub fn new(handle: Handle, is_on: bool) -> Arc<Self> {
        Arc::new(Self { handle, is_on, pause: PAUSE, repeat: REPEAT, typed: Mutex::default() })
    }

    /// The user types. False: nobody is told.
    pub async fn start(self: &Arc<Self>, peer: &Receiver, metadata: Option<Value>) -> bool {
        if !self.is_on || !self.handle.is_up() {
            return false;
        }
        // One who goes on in another thread has stopped in this one.
        let is_elsewhere =
            self.typed().peers.get(peer).is_some_and(|note| thread_of(&note.metadata) != thread_of(&metadata));
        if is_elsewhere {
            self.stop(peer).await;
        }
        let is_due = self.note(peer, metadata.clone());
        !is_due || self.handle.say(Outgoing::Typing { receiver: peer.clone(), started: true, metadata }).await
    }

    /// Notes a keystroke; whether it is to be told.
    fn note(self: &Arc<Self>, peer: &Receiver, metadata: Option<Value>) -> bool {
        let mut typed = self.typed();
        typed.keystrokes += 1;
        let keystroke = typed.keystrokes;
        let before = typed.peers.remove(peer);
        if let Some(note) = &before {
            note.timer.abort();
        }
        let told_at = before.map(|note| note.told_at).filter(|at| at.elapsed() < self.repeat);
        let timer = tokio::spawn(Arc::clone(self).stop_later(peer.clone(), keystroke)).abort_handle();
        let note = Note { metadata, told_at: told_at.unwrap_or_else(Instant::now), keystroke, timer };
        typed.peers.insert(peer.clone(), note);
        told_at.is_none()
    }

    async fn stop_later(self: Arc<Self>, peer: Receiver, keystroke: u64) {
        sleep(self.pause).await;
        let note = {
            let peers = &mut self.typed().peers;
            let is_last = peers.get(&peer).is_some_and(|note| note.keystroke == keystroke);
            if is_last { peers.remove(&peer) } else { None }
        };
        if let Some(note) = note {
            self.tell_stop(&peer, note).await;
        }
    }

    /// The user has stopped. False: nobody is told, as it was not typing, or there is no socket.
    pub async fn stop(&self, peer: &Receiver) -> bool {
        let note = self.typed().peers.remove(peer);
        let Some(note) = note else { return false };
        note.timer.abort();
        self.tell_stop(peer, note).await
    }

    async fn tell_stop(&self, peer: &Receiver, note: Note) -> bool {
        let frame = Outgoing::Typing { receiver: peer.clone(), started: false, metadata: note.metadata };
        self.handle.say(frame).await
    }

    /// The socket is gone: with it everybody stopped.
    pub fn interrupt(&self) {
        for (_, note) in self.typed().peers.drain() {
            note.timer.abort();
        }
    }

    fn typed(&self) -> MutexGuard<'_, Typed> {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message whose thread somebody types in, by the metadata of the note.
fn thread_of(metadata: &Option<Value>) -> Option<String> {
    text(&metadata.as_ref()?["parentId"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;
    use crate::Server;
    use crate::session::Command;

    fn typist(pause: u64, repeat: u64) -> (Arc<Typist>, mpsc::Receiver<Command>) {
        let api = Server::new("http://h", "app").unwrap().as_user("token");
        let (handle, commands) = Handle::detached("ann", api);
        let (pause, repeat) = (Duration::from_millis(pause), Duration::from_millis(repeat));
        (Arc::new(Typist { handle, is_on: true, pause, repeat, typed: Mutex::default() }), commands)
    }

    async fn told(commands: &mut mpsc::Receiver<Command>) -> (bool, Option<Value>) {
        match timeout(Duration::from_secs(10), commands.recv()).await.unwrap().unwrap() {
            Command::Frame(Outgoing::Typing { started, metadata, .. }) => (started, metadata),
            _ => panic!("something else is sent"),
        }
    }

    #[tokio::test]
    async fn keystrokes_are_told_once_and_end_by_themselves() {
        let (typist, mut commands) = typist(100, 60_000);
        let bob = Receiver::user("bob");
        for _ in 0..3 {
            assert!(typist.start(&bob, None).await);
        }
        assert_eq!(told(&mut commands).await, (true, None));
        assert_eq!(told(&mut commands).await, (false, None));
        assert!(commands.try_recv().is_err());
        assert!(!typist.stop(&bob).await, "it has stopped already");
    }

    #[tokio::test]
    async fn who_goes_on_says_so_again_and_one_thread_ends_as_another_begins() {
        let (typist, mut commands) = typist(60_000, 0);
        let bob = Receiver::user("bob");
        let (one, other) = (json!({"parentId": "1"}), json!({"parentId": "2"}));
        typist.start(&bob, Some(one.clone())).await;
        typist.start(&bob, Some(one.clone())).await;
        typist.start(&bob, Some(other.clone())).await;
        assert!(typist.stop(&bob).await);
        let mut heard = Vec::new();
        for _ in 0..5 {
            heard.push(told(&mut commands).await);
        }
        let expected = [(true, &one), (true, &one), (false, &one), (true, &other), (false, &other)];
        assert_eq!(heard, expected.map(|(started, metadata)| (started, Some(metadata.clone()))));
    }

    #[tokio::test]
    async fn with_the_socket_everybody_stops() {
        let (typist, mut commands) = typist(60_000, 60_000);
        let bob = Receiver::user("bob");
        typist.start(&bob, None).await;
        typist.interrupt();
        assert!(!typist.stop(&bob).await);
        typist.start(&bob, None).await;
        assert_eq!((told(&mut commands).await.0, told(&mut commands).await.0), (true, true));
    }
}
