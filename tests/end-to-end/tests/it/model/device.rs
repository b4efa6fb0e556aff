//! A device with its socket and what it knows.

use std::collections::{BTreeMap, BTreeSet};

use halley_client::{ApiClient, Connection, Event, Format, LeftOff, Outgoing, Server, SocketOptions};
use halley_testkit::{eventually, within};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};

use super::{
    fresh::{appear, begin, enter},
    learned::Untold,
    state::State,
};

/// Events that wait until a device looks, and frames that wait to be sent.
const WAITING_MAX: usize = 10_000;

/// How a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With the subprotocol of Halley's own additions.
    Own,
    /// As existing clients do.
    Plain,
}

/// A logged-in device.
pub struct Device {
    pub uid: String,
    pub api: ApiClient,
    pub state: State,
    /// What is to be taken from the next fetch: it was not told of while it was away.
    pub missed: BTreeSet<Untold>,
    mode: Mode,
    options: SocketOptions,
    /// `None`: it is away.
    line: Option<Line>,
}

/// A socket that is read all the time.
struct Line {
    events: Receiver<Event>,
    frames: Sender<Outgoing>,
    task: JoinHandle<()>,
}

impl Line {
    fn new(mut socket: Connection) -> Self {
        let (to_device, events) = channel(WAITING_MAX);
        let (frames, mut to_send) = channel::<Outgoing>(WAITING_MAX);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    event = socket.next_event() => {
                        let Some(event) = event else { return };
                        if to_device.send(event).await.is_err() {
                            return;
                        }
                    }
                    frame = to_send.recv() => match frame {
                        // What can't be sent is seen as the end of the socket.
                        Some(frame) => drop(socket.send(&frame).await),
                        None => return,
                    }
                }
            }
        });
        Self { events, frames, task }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Without a word, as where a network is gone.
        self.task.abort();
    }
}

impl Device {
    /// Logs in, connects and fetches what there is. The form of its frames makes no difference.
    pub async fn new(server: &Server, websocket: &str, token: &str, uid: &str, mode: Mode, format: Format) -> Self {
        let api = server.clone().with_websocket(websocket).as_user(token);
        let login = within("the login", api.login()).await.expect("log in");
        let mut options = api.socket_options(&login).expect("socket options");
        options.keep_own = true;
        options.with_sequence = mode == Mode::Own;
        options.format = format;
        let socket = within("the socket opens", Connection::connect(options.clone())).await.expect("connect");
        let mut device = Self {
            uid: uid.to_owned(),
            state: State::default(),
            missed: BTreeSet::new(),
            mode,
            options,
            line: Some(Line::new(socket)),
            api,
        };
        let token = device.first_token().await;
        device.state = begin(&device.api, uid, BTreeMap::new()).await;
        device.state.token = token;
        device
    }

    /// A first socket is given a token and nothing else.
    async fn first_token(&mut self) -> String {
        let mut state = State::default();
        if self.mode == Mode::Own {
            self.until_resumed(&mut state).await;
        }
        state.token
    }

    async fn until_resumed(&mut self, state: &mut State) {
        let line = self.line.as_mut().expect("a socket");
        within("everything missed", async {
            loop {
                let event = line.events.recv().await.expect("a frame");
                if state.apply(&event) {
                    return;
                }
            }
        })
        .await;
    }

    /// Whether it has no socket now.
    pub fn is_away(&self) -> bool {
        self.line.is_none()
    }

    /// Whether its socket ended by itself: what was sent may have been lost.
    pub fn is_cut(&self) -> bool {
        self.line.as_ref().is_none_or(|line| line.task.is_finished())
    }

    /// Sends a frame. One that can't be sent is seen as the end of the socket.
    pub fn send(&self, frame: Outgoing) {
        if let Some(line) = &self.line
            && let Err(error) = line.frames.try_send(frame)
        {
            println!("a frame is not sent: {error}");
        }
    }

    /// Cuts the socket off.
    pub fn cut(&mut self) {
        self.line = None;
    }

    /// Comes back on a node, with a new socket. A client without the subprotocol fetches all then.
    pub async fn come_back(&mut self, websocket: &str) {
        self.cut();
        websocket.clone_into(&mut self.options.url);
        if self.mode == Mode::Own {
            let (token, positions) = (self.state.token.clone(), self.state.positions.clone().into_iter().collect());
            self.options.left_off = Some(LeftOff { token, positions });
        }
        let connect = async || Connection::connect(self.options.clone()).await.ok();
        self.line = Some(Line::new(eventually("a socket that opens", connect).await));
        match self.mode {
            Mode::Own => {
                let mut state = std::mem::take(&mut self.state);
                state.batch = Some(BTreeSet::new());
                self.until_resumed(&mut state).await;
                assert_eq!(state.refetches, 0, "so little is told");
                self.state = state;
                self.missed.extend([Untold::Saves, Untold::Groups, Untold::Ended]);
            }
            Mode::Plain => {
                let purged = std::mem::take(&mut self.state.purged);
                self.state = begin(&self.api, &self.uid.clone(), purged).await;
                self.missed.clear();
            }
        }
    }

    /// Takes in what has come, and fetches what that asks to be fetched.
    pub async fn take_in(&mut self, websocket: &str) {
        let Some(line) = &mut self.line else { return };
        let mut closed = None;
        while let Ok(event) = line.events.try_recv() {
            match &event {
                Event::Closed { code, .. } => closed = Some(*code),
                event => drop(self.state.apply(event)),
            }
        }
        if let Some(code) = closed {
            assert!(matches!(code, 4000..4100 | 1001 | 1006 | 1013), "the socket of {} closed: {code}", self.uid);
            println!("the socket of {} closed by itself: {code}", self.uid);
            self.come_back(websocket).await;
        }
        for conversation in std::mem::take(&mut self.state.appeared) {
            appear(&self.api, &mut self.state, &conversation, self.mode == Mode::Plain).await;
        }
        for guid in std::mem::take(&mut self.state.wanted) {
            if !enter(&self.api, &mut self.state, &guid).await {
                self.state.wanted.insert(guid);
            }
        }
    }
}
