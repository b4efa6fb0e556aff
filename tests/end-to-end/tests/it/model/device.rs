//! A device with its socket and what it knows.

use halley_client::{ApiClient, Connection, Event, Format, LeftOff, Outgoing, Server, SocketOptions};
use halley_testkit::{eventually, within};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};

use super::{
    fresh::{begin, enter},
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
    mode: Mode,
    options: SocketOptions,
    line: Line,
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
        let mut device =
            Self { uid: uid.to_owned(), state: State::default(), mode, options, line: Line::new(socket), api };
        let token = device.first_token().await;
        device.state = begin(&device.api, uid).await;
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
        within("everything missed", async {
            loop {
                let event = self.line.events.recv().await.expect("a frame");
                if state.apply(&event) {
                    return;
                }
            }
        })
        .await;
    }

    /// Sends a frame.
    pub fn send(&self, frame: Outgoing) {
        // A socket that is gone is seen at the next frame that it should bring.
        self.line.frames.try_send(frame).unwrap_or_else(|error| eprintln!("a frame is not sent: {error}"));
    }

    /// Cuts the socket off and comes back on a node. A client without the subprotocol fetches all then.
    pub async fn come_back(&mut self, websocket: &str) {
        let (_, dead) = channel(1);
        let (frames, _) = channel(1);
        self.line = Line { events: dead, frames, task: tokio::spawn(async {}) };
        websocket.clone_into(&mut self.options.url);
        if self.mode == Mode::Own {
            let (token, positions) = (self.state.token.clone(), self.state.positions.clone().into_iter().collect());
            self.options.left_off = Some(LeftOff { token, positions });
        }
        let connect = async || Connection::connect(self.options.clone()).await.ok();
        self.line = Line::new(eventually("a socket that opens", connect).await);
        match self.mode {
            Mode::Own => {
                let mut state = std::mem::take(&mut self.state);
                self.until_resumed(&mut state).await;
                assert_eq!(state.refetches, 0, "so little is told");
                self.state = state;
            }
            Mode::Plain => self.state = begin(&self.api, &self.uid.clone()).await,
        }
    }

    /// Takes in what has come, and fetches what that asks to be fetched.
    pub async fn take_in(&mut self, websocket: &str) {
        let mut closed = None;
        while let Ok(event) = self.line.events.try_recv() {
            match &event {
                Event::Closed { code, .. } => closed = Some(*code),
                event => drop(self.state.apply(event)),
            }
        }
        if let Some(code) = closed {
            assert!(matches!(code, 4000..4100 | 1001 | 1006 | 1013), "the socket of {} closed: {code}", self.uid);
            self.come_back(websocket).await;
        }
        for guid in std::mem::take(&mut self.state.wanted) {
            enter(&self.api, &mut self.state, &guid).await;
        }
    }
}
