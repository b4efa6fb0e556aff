//! How soon a right that is taken away is gone everywhere: on every gateway node, and on every HTTP edge.
//!
//! Each round takes a fresh user with a socket on each node. The clock starts before the call that takes the right, and stops
//! when a node has closed the socket (or brought the last message that it should not have brought), and when an edge refuses.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use halley_client::{ApiClient, ClientError, Connection, Event, PresenceSubscription, Receiver};
use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::args::{Common, Nodes};
use crate::report::{Effect, Quantiles, RightsReport};
use crate::tally::histogram;
use crate::target::Target;

/// A right that is still there after this long is a fault, and ends the run.
const LIMIT: Duration = Duration::from_secs(10);
/// What "at once" means: effects that came later are counted.
const PROMISED: Duration = Duration::from_secs(1);

/// A right that is taken.
#[derive(Clone, Copy)]
enum Taking {
    Revocation,
    Kick,
    Ban,
    Block,
}

impl Taking {
    const ALL: [Self; 4] = [Self::Revocation, Self::Kick, Self::Ban, Self::Block];

    fn name(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Block => "block",
        }
    }
}

/// How long one round took: on each node, and on each edge.
type Times = (Vec<Duration>, Vec<Duration>);

struct Run<'a> {
    target: &'a Target,
    /// The target's, and the others.
    edges: Vec<Target>,
    nodes: Vec<String>,
    /// Who writes to the groups and ends rounds.
    writer: ApiClient,
}

pub async fn run(target: &Target, common: &Common, nodes: &Nodes, rounds: u64) -> Result<RightsReport> {
    let mut edges = vec![Target::open(common)?];
    for rest in &nodes.other_rest {
        edges.push(target.at(rest)?);
    }
    let writer = target.log_in(1).await?.remove(0);
    let first = writer.socket_url()?;
    let nodes = std::iter::once(first).chain(nodes.other_websocket.iter().cloned()).collect();
    let run = Run { target, edges, nodes, writer: writer.api };
    let mut effects = Vec::new();
    for taking in Taking::ALL {
        let (mut on_nodes, mut on_edges, mut late) = (histogram(), histogram(), 0);
        for round in 0..rounds {
            let (nodes, edges) = run.round(taking, round).await.with_context(|| taking.name())?;
            late += nodes.iter().chain(&edges).filter(|took| **took > PROMISED).count() as u64;
            nodes.iter().for_each(|took| on_nodes.saturating_record(took.as_micros() as u64));
            edges.iter().for_each(|took| on_edges.saturating_record(took.as_micros() as u64));
        }
        effects.push(Effect {
            taking: taking.name(),
            on_nodes: Quantiles::of(&on_nodes),
            on_edges: Quantiles::of(&on_edges),
            late,
        });
    }
    Ok(RightsReport { mode: "rights", rounds, nodes: run.nodes.len(), edges: run.edges.len(), effects })
}

impl Run<'_> {
    async fn round(&self, taking: Taking, round: u64) -> Result<Times> {
        let uid = self.target.fresh(&format!("{}{round}", taking.name()));
        let token = self.target.new_user(&uid).await?;
        let sockets = try_join_all(self.nodes.iter().map(|node| self.connect(&token, node))).await?;
        match taking {
            Taking::Revocation => self.revoke(&uid, &token, sockets).await,
            Taking::Kick => self.remove(&uid, &token, sockets, "members").await,
            Taking::Ban => self.remove(&uid, &token, sockets, "bannedusers").await,
            Taking::Block => self.block(&uid, &token, sockets).await,
        }
    }

    async fn connect(&self, token: &str, node: &str) -> Result<Connection> {
        let api = self.target.server.as_user(token);
        let mut options = api.socket_options(&api.login().await?)?;
        node.clone_into(&mut options.url);
        options.presence = PresenceSubscription::None;
        Ok(Connection::connect(options).await?)
    }

    async fn revoke(&self, uid: &str, token: &str, sockets: Vec<Connection>) -> Result<Times> {
        let began = Instant::now();
        let closed = try_join_all(sockets.into_iter().map(|socket| until_closed(socket, began)));
        let refused = try_join_all(self.edges.iter().map(async |edge| {
            let api = edge.server.as_user(token);
            until_refused(began, async || api.call(Method::GET, "/me", &[], None).await).await
        }));
        let path = format!("/users/{uid}/auth_tokens/{token}");
        let (_, nodes, edges) = tokio::try_join!(self.take(Method::DELETE, &path, None), closed, refused)?;
        Ok((nodes, edges))
    }

    /// Removes a member of a group in which somebody else writes all the time.
    async fn remove(&self, uid: &str, token: &str, sockets: Vec<Connection>, way: &str) -> Result<Times> {
        let guid = self.target.fresh("room");
        self.target.new_group(&guid, &[uid, self.target.first_uid().as_str()]).await?;
        let group = Receiver::group(&guid);
        let began = Instant::now();
        let until_last = |message: &halley_client::Message| message.receiver == group && message.sender != uid;
        let heard = try_join_all(sockets.into_iter().map(|socket| until_last_of(socket, began, &until_last)));
        let refused = self.sends_until_refused(token, &group, began);
        let method = if way == "members" { Method::DELETE } else { Method::POST };
        let path = format!("/groups/{guid}/{way}/{uid}");
        let taking = async {
            let taken = async { tokio::try_join!(self.take(method, &path, None), refused) };
            let (_, edges) = tokio::select! {
                taken = taken => taken?,
                failed = self.write_on(&group) => return Err(failed),
            };
            // Whatever a node still lets through is on its way before the word that ends the round.
            for number in 0..3 {
                self.writer.send_message(&group, "after", &format!("{guid}-{number}")).await?;
            }
            self.writer.send_message(&Receiver::user(uid), "end", &format!("{END}{guid}")).await?;
            Ok(edges)
        };
        let (edges, nodes) = tokio::try_join!(taking, heard)?;
        Ok((nodes, edges))
    }

    /// Lets a user block somebody who writes all the time.
    async fn block(&self, uid: &str, token: &str, sockets: Vec<Connection>) -> Result<Times> {
        let other = self.target.fresh("blocked");
        let theirs = self.target.new_user(&other).await?;
        let began = Instant::now();
        let from_other = |message: &halley_client::Message| message.sender == other;
        let heard = try_join_all(sockets.into_iter().map(|socket| until_last_of(socket, began, &from_other)));
        let receiver = Receiver::user(uid);
        let refused = self.sends_until_refused(&theirs, &receiver, began);
        let api = self.target.server.as_user(token);
        let body = json!({"blockedUids": [other]});
        let taking = async {
            let block = async { Ok(api.call(Method::POST, "/blockedusers", &[], Some(&body)).await?) };
            let (_, edges) = tokio::try_join!(block, refused)?;
            self.writer.send_message(&receiver, "end", &format!("{END}{other}")).await?;
            Ok(edges)
        };
        let (edges, nodes) = tokio::try_join!(taking, heard)?;
        Ok((nodes, edges))
    }

    /// Writes by every edge, until each refuses.
    async fn sends_until_refused(&self, token: &str, to: &Receiver, began: Instant) -> Result<Vec<Duration>> {
        try_join_all(self.edges.iter().enumerate().map(async |(number, edge)| {
            let api = edge.server.as_user(token);
            let sent = std::sync::atomic::AtomicU64::new(0);
            until_refused(began, async || {
                let n = sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let muid = format!("{}-{number}-{n}", api.resource());
                api.send_message(to, "still here", &muid).await.map(|_| Value::Null)
            })
            .await
        }))
        .await
    }

    /// Writes to a group, message after message; returns only what stopped it.
    async fn write_on(&self, group: &Receiver) -> anyhow::Error {
        for number in 0_u64.. {
            let muid = format!("{}-on-{number}", group.id());
            if let Err(error) = self.writer.send_message(group, "still going", &muid).await {
                return error.into();
            }
        }
        anyhow::anyhow!("there is no number left")
    }

    async fn take(&self, method: Method, path: &str, body: Option<&Value>) -> Result<()> {
        self.target.app().call(method, path, &[], body).await?;
        Ok(())
    }
}

/// The muid of a round's last message begins so.
const END: &str = "end-";

async fn until_closed(mut socket: Connection, began: Instant) -> Result<Duration> {
    let closing = async {
        loop {
            match socket.next_event().await {
                Some(Event::Closed { .. }) | None => return began.elapsed(),
                Some(_) => {}
            }
        }
    };
    timeout(LIMIT, closing).await.context("a node left the socket open")
}

/// When the last message that fits came; the round's last word ends it.
async fn until_last_of(
    mut socket: Connection,
    began: Instant,
    fits: &impl Fn(&halley_client::Message) -> bool,
) -> Result<Duration> {
    let hearing = async {
        let mut last = Duration::ZERO;
        loop {
            match socket.next_event().await {
                Some(Event::Message(message)) if message.muid.as_deref().is_some_and(|muid| muid.starts_with(END)) => {
                    return Ok(last);
                }
                Some(Event::Message(message)) if message.category == "message" && fits(&message) => {
                    last = began.elapsed();
                }
                Some(Event::Closed { code, reason }) => bail!("a socket was closed: {code} {reason}"),
                Some(_) => {}
                None => bail!("a socket ended"),
            }
        }
    };
    timeout(2 * LIMIT, hearing).await.context("the round's last message did not come")?
}

async fn until_refused(began: Instant, call: impl AsyncFn() -> Result<Value, ClientError>) -> Result<Duration> {
    loop {
        match call().await {
            Ok(_) if began.elapsed() > LIMIT => bail!("an edge still allows it after {LIMIT:?}"),
            Ok(_) => {}
            Err(ClientError::Api { status, .. }) if (400..500).contains(&status) && status != 429 => {
                return Ok(began.elapsed());
            }
            Err(error) => return Err(error.into()),
        }
    }
}
