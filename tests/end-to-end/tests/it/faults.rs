//! Real processes are killed in the middle of a load. Whatever was acknowledged is in history exactly once, sequence
//! numbers have no hole, and sessions that resume end up with all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use halley_client::{ApiClient, MessagePage, Receiver, Server, Session, SessionEvent, SessionOptions};
use halley_testkit::{platform::Platform, unique};
use tokio::{sync::watch, task::JoinHandle};

use crate::support::{Person, World, block_on};

/// How long what was killed may take to be there again, on a busy machine.
const COMES_BACK: Duration = Duration::from_secs(60);

/// Senders, in pairs and in a group, that never stop until they are told, and sessions that listen.
struct Load {
    stop: Arc<AtomicBool>,
    wanted: watch::Sender<Wanted>,
    senders: Vec<JoinHandle<Acknowledged>>,
    listeners: Vec<JoinHandle<Vec<String>>>,
}

/// The muids that every listener must hear, once the sending has ended.
type Wanted = Option<Arc<BTreeSet<String>>>;

/// Ids of acknowledged messages by muid.
type Acknowledged = BTreeMap<String, u64>;

impl Load {
    async fn start(platform: &Platform, people: &[Person], group: &Receiver) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (wanted, listened) = watch::channel(None);
        let app_id = platform.demo["appId"].as_str().expect("app id");
        let mut listeners = Vec::new();
        for (n, person) in people.iter().enumerate() {
            let websocket = &platform.websockets[n % platform.websockets.len()];
            let server = Server::new(&platform.rest, app_id).expect("server").with_websocket(websocket);
            let options = SessionOptions { keep_own: true, ..Default::default() };
            let session = Session::start(server.as_user(&person.token), options).await.expect("session");
            listeners.push(tokio::spawn(listen(session, group.clone(), listened.clone())));
        }
        let mut senders = Vec::new();
        for person in people {
            let api = Server::new(&platform.rest, app_id).expect("server").as_user(&person.token);
            senders.push(tokio::spawn(send(api, group.clone(), Arc::clone(&stop))));
        }
        Self { stop, wanted, senders, listeners }
    }

    /// Ends the sending; answers what was acknowledged, and what each listener heard.
    async fn end(self) -> (Acknowledged, Vec<Vec<String>>) {
        self.stop.store(true, Ordering::Release);
        let mut acknowledged = Acknowledged::new();
        for sender in self.senders {
            acknowledged.extend(sender.await.expect("sender"));
        }
        self.wanted.send_replace(Some(Arc::new(acknowledged.keys().cloned().collect())));
        let mut heard = Vec::new();
        for listener in self.listeners {
            heard.push(listener.await.expect("listener"));
        }
        (acknowledged, heard)
    }
}

/// Sends one after another; a send that fails is repeated with the same muid, as a client does.
async fn send(api: ApiClient, to: Receiver, stop: Arc<AtomicBool>) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let mut count = 0;
    while !stop.load(Ordering::Acquire) {
        let muid = unique("m");
        count += 1;
        let begun = Instant::now();
        loop {
            match api.send_message(&to, &format!("text {count}"), &muid).await {
                Ok(message) => {
                    acknowledged.insert(muid, message.id);
                    break;
                }
                // Not acknowledged in time: whether it is stored is open, and either is right.
                Err(error) if begun.elapsed() > COMES_BACK => panic!("never came back: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
    acknowledged
}

/// The muids of a group's messages in the order heard, until all that are wanted are among them and no more come.
async fn listen(mut session: Session, group: Receiver, mut wanted: watch::Receiver<Wanted>) -> Vec<String> {
    const QUIET: Duration = Duration::from_secs(2);
    let mut heard = Vec::new();
    let mut known = BTreeSet::new();
    loop {
        let is_known = |wanted: &Arc<BTreeSet<String>>| wanted.is_subset(&known);
        let limit = if wanted.borrow().as_ref().is_some_and(is_known) { QUIET } else { COMES_BACK };
        tokio::select! {
            changed = wanted.changed() => changed.expect("the load goes on until its end"),
            event = tokio::time::timeout(limit, session.next()) => match event {
                Ok(Some(SessionEvent::Message(message))) if message.receiver == group && message.category == "message" => {
                    let muid = message.muid.clone().unwrap_or_default();
                    known.insert(muid.clone());
                    heard.push(muid);
                }
                Ok(Some(SessionEvent::Ended(why))) => panic!("the session ended: {why}"),
                Ok(Some(_)) => {}
                Ok(None) => panic!("the session is gone"),
                Err(_) => return heard,
            },
        }
    }
}

/// Everything in a group's history: (sequence, id, muid), whatever the category.
async fn history(world: &World, group: &Receiver) -> Vec<(u64, u64, Option<String>)> {
    let mut rows: Vec<(u64, u64, Option<String>)> = Vec::new();
    loop {
        let last = rows.last().map_or(0, |row| row.1);
        let page = MessagePage::after(last, 1000).with_sequence();
        let next = world.api.list_messages(group, &page).await.expect("history");
        if next.is_empty() {
            return rows;
        }
        rows.extend(next.into_iter().map(|m| (m.sequence.expect("sequence"), m.id, m.muid)));
    }
}

async fn survive(platform: Platform, kill: impl AsyncFnOnce(&Platform)) {
    let world = World::on(&platform);
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(world.person(&format!("p{n}")).await);
    }
    let group = world.group("room", &people.iter().collect::<Vec<_>>()).await;
    let load = Load::start(&platform, &people, &group).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    kill(&platform).await;

    tokio::time::sleep(Duration::from_secs(3)).await;
    let (acknowledged, heard) = load.end().await;
    assert!(acknowledged.len() > 50, "the load went on: {}", acknowledged.len());
    let rows = history(&world, &group).await;
    for (place, row) in rows.iter().enumerate() {
        assert_eq!(row.0, place as u64 + 1, "sequence numbers have no hole");
    }
    let mut stored = BTreeMap::new();
    for (_, id, muid) in &rows {
        if let Some(muid) = muid {
            assert_eq!(stored.insert(muid.clone(), *id), None, "{muid} is stored once");
        }
    }
    for (muid, id) in &acknowledged {
        assert_eq!(stored.get(muid), Some(id), "an acknowledged message is in history");
    }
    let order: Vec<&String> =
        rows.iter().filter_map(|row| row.2.as_ref()).filter(|muid| acknowledged.contains_key(*muid)).collect();
    for (n, heard) in heard.iter().enumerate() {
        let heard: Vec<&String> = heard.iter().filter(|muid| acknowledged.contains_key(*muid)).collect();
        assert_eq!(heard.len(), order.len(), "listener {n} has all of them, once");
        assert!(heard.iter().eq(order.iter()), "listener {n} has them in order");
    }
}

#[test]
fn a_killed_messaging_replica_loses_nothing() {
    block_on(async {
        let platform = Platform::many_processes().await;
        survive(platform, async |platform| {
            platform.kill("messaging-1").await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            platform.restart("messaging-1").await;
        })
        .await;
    });
}

#[test]
fn a_killed_gateway_node_loses_nothing() {
    block_on(async {
        let platform = Platform::many_processes().await;
        survive(platform, async |platform| {
            platform.kill("realtime-gateway-1").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            platform.restart("realtime-gateway-1").await;
        })
        .await;
    });
}

#[test]
fn a_killed_redis_loses_nothing() {
    block_on(async {
        let platform = Platform::many_processes().await;
        survive(platform, async |platform| platform.kill_redis().await).await;
    });
}

#[test]
fn a_killed_process_with_everything_in_it_loses_nothing() {
    block_on(async {
        let platform = Platform::one_process().await;
        survive(platform, async |platform| {
            platform.kill("halley").await;
            platform.restart("halley").await;
        })
        .await;
    });
}
