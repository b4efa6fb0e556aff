use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::{ClientError, Connection, Event, Outgoing, SocketOptions};

/// How many frames may wait to be sent.
const OUTGOING: usize = 16;

enum Command {
    Send(Outgoing),
    Close,
}

/// An authenticated socket with a task of its own, which keeps it alive.
///
/// When [`SocketOptions::capacity`] events wait to be taken, it stops reading, as a slow client does.
pub struct Socket {
    events: mpsc::Receiver<Event>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

impl Socket {
    /// Connects and authenticates.
    pub async fn connect(options: SocketOptions) -> Result<Self, ClientError> {
        let (event_sender, events) = mpsc::channel(options.capacity.max(1));
        let (commands, command_receiver) = mpsc::channel(OUTGOING);
        let connection = Connection::connect(options).await?;
        let task = tokio::spawn(drive(connection, event_sender, command_receiver));
        Ok(Self { events, commands, task })
    }

    /// The next event; the last one is [`Event::Closed`], then `None`.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Queues a frame. It is not acknowledged.
    pub async fn send(&self, frame: Outgoing) -> Result<(), ClientError> {
        let sent = self.commands.send(Command::Send(frame)).await;
        sent.map_err(|_| ClientError::transport("the socket is closed"))
    }

    /// Closes and waits until it is done.
    pub async fn close(self) {
        let Self { events, commands, task } = self;
        // Frees a task that waits for room.
        drop(events);
        // An error of either means that the task has ended already.
        drop(commands.send(Command::Close).await);
        drop(task.await);
    }
}

async fn drive(mut connection: Connection, events: mpsc::Sender<Event>, mut commands: mpsc::Receiver<Command>) {
    loop {
        tokio::select! {
            event = connection.next_event() => {
                let Some(event) = event else { return };
                if events.send(event).await.is_err() {
                    break;
                }
            }
            command = commands.recv() => match command {
                Some(Command::Send(frame)) => {
                    // A failed write also ends the reading side, which reports it.
                    if let Err(error) = connection.send(&frame).await {
                        tracing::debug!(%error, "frame not sent");
                    }
                }
                Some(Command::Close) | None => break,
            },
        }
    }
    connection.close().await;
}
