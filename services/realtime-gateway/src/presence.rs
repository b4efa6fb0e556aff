//! Who is online, in Redis.
//!
//! Each node keeps one set of uids per app, and a lease. A user is online when a node with a valid lease has the uid
//! in its set; so when a node crashes, all its users go offline with its lease, and nothing has to be counted.

use std::{collections::HashMap, time::Duration};

use halley_bus::Bus;
use halley_kit::{Lifecycle, time};
use redis::{AsyncCommands as _, Script, aio::ConnectionManager};

use crate::error::GatewayError;

/// Nodes with the time their lease ends, in Unix milliseconds.
const LEASES: &str = "halley:nodes";
/// When each node started, and how many sockets it has.
const STARTS: &str = "halley:nodes:started";
const CONNECTIONS: &str = "halley:nodes:connections";
const LEASE: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(5);

/// Adds (ARGV[2] = "1") or removes the uid ARGV[1] in the set KEYS[1]. Answers 1 when no other set of KEYS holds it, so
/// that the change is the user's first socket, or last, of all nodes.
const CHANGE: &str = r"
if ARGV[2] == '1' then redis.call('SADD', KEYS[1], ARGV[1]) else redis.call('SREM', KEYS[1], ARGV[1]) end
for i = 2, #KEYS do
  if redis.call('SISMEMBER', KEYS[i], ARGV[1]) == 1 then return 0 end
end
return 1
";

/// This node's part in it.
#[derive(Clone)]
pub struct Presence {
    node_id: String,
    redis: ConnectionManager,
    change: Script,
}

/// A node as others see it.
pub struct NodeState {
    /// Its id.
    pub node_id: String,
    /// Sockets, as of its last renewal.
    pub connections: i64,
    /// Unix milliseconds.
    pub started_at_ms: i64,
}

/// The set of a node's online users of an app. The braces keep an app's sets on one Redis Cluster slot.
fn set(app_id: &str, node_id: &str) -> String {
    format!("halley:online:{{{app_id}}}:{node_id}")
}

/// The apps that a node has sets of, so that they can be removed after a crash.
fn apps(node_id: &str) -> String {
    format!("halley:node:{node_id}:apps")
}

impl Presence {
    /// A node that nobody knows yet.
    pub fn new(bus: &Bus) -> Self {
        let node_id = format!("{:016x}", rand::random::<u64>());
        Self { node_id, redis: bus.connection(), change: Script::new(CHANGE) }
    }

    /// Takes the lease, and renews it until the end.
    pub async fn join(&self, lifecycle: &Lifecycle) -> Result<(), GatewayError> {
        let mut redis = self.redis.clone();
        let _: () = redis.hset(STARTS, &self.node_id, time::now_ms()).await?;
        self.renew(0).await?;
        let presence = self.clone();
        let stopping = lifecycle.stopping();
        lifecycle.spawn("presence lease", async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(RENEWAL) => {}
                }
                if let Err(error) = presence.reap().await {
                    tracing::warn!(%error, "can't look after the leases of other nodes");
                }
            }
        });
        Ok(())
    }

    /// Renews the lease and tells how many sockets there are.
    pub async fn renew(&self, connections: usize) -> Result<(), GatewayError> {
        let until = time::now_ms() + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let mut redis = self.redis.clone();
        let _: () = redis::pipe()
            .zadd(LEASES, &self.node_id, until)
            .hset(CONNECTIONS, &self.node_id, connections)
            .query_async(&mut redis)
            .await?;
        Ok(())
    }

    /// How often [`Presence::renew`] is due.
    pub fn renewal() -> Duration {
        RENEWAL
    }

    /// A user's first socket on this node opened. True when the user was not online anywhere.
    pub async fn online(&self, app_id: &str, uid: &str) -> Result<bool, GatewayError> {
        let mut redis = self.redis.clone();
        let _: () = redis.sadd(apps(&self.node_id), app_id).await?;
        self.change(app_id, uid, true).await
    }

    /// A user's last socket on this node closed. True when the user is now online nowhere.
    pub async fn offline(&self, app_id: &str, uid: &str) -> Result<bool, GatewayError> {
        self.change(app_id, uid, false).await
    }

    async fn change(&self, app_id: &str, uid: &str, online: bool) -> Result<bool, GatewayError> {
        let mut invocation = self.change.prepare_invoke();
        invocation.key(set(app_id, &self.node_id));
        for node in self.live_nodes().await? {
            if node != self.node_id {
                invocation.key(set(app_id, &node));
            }
        }
        invocation.arg(uid).arg(if online { "1" } else { "0" });
        let alone: i64 = invocation.invoke_async(&mut self.redis.clone()).await?;
        Ok(alone == 1)
    }

    /// Puts a node's whole state back, after Redis lost it.
    pub async fn restore(&self, online: &HashMap<String, Vec<String>>) -> Result<(), GatewayError> {
        let mut pipe = redis::pipe();
        pipe.hset(STARTS, &self.node_id, time::now_ms()).ignore();
        for (app_id, uids) in online {
            pipe.sadd(apps(&self.node_id), app_id).ignore();
            for chunk in uids.chunks(1000) {
                pipe.sadd(set(app_id, &self.node_id), chunk).ignore();
            }
        }
        let _: () = pipe.query_async(&mut self.redis.clone()).await?;
        self.renew(0).await
    }

    /// Which of these users are online.
    pub async fn of(&self, app_id: &str, uids: &[String]) -> Result<Vec<String>, GatewayError> {
        let nodes = self.live_nodes().await?;
        if uids.is_empty() || nodes.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for node in &nodes {
            pipe.cmd("SMISMEMBER").arg(set(app_id, node)).arg(uids);
        }
        let answers: Vec<Vec<bool>> = pipe.query_async(&mut self.redis.clone()).await?;
        let online = |index: usize| answers.iter().any(|answer| answer.get(index).copied().unwrap_or(false));
        Ok(uids.iter().enumerate().filter(|(index, _)| online(*index)).map(|(_, uid)| uid.clone()).collect())
    }

    /// Everybody of an app who is online, in no order.
    pub async fn all(&self, app_id: &str) -> Result<Vec<String>, GatewayError> {
        let nodes = self.live_nodes().await?;
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let sets: Vec<String> = nodes.iter().map(|node| set(app_id, node)).collect();
        Ok(self.redis.clone().sunion(sets).await?)
    }

    /// The nodes with a valid lease.
    pub async fn nodes(&self) -> Result<Vec<NodeState>, GatewayError> {
        let live = self.live_nodes().await?;
        let mut redis = self.redis.clone();
        let (starts, connections): (HashMap<String, i64>, HashMap<String, i64>) =
            redis::pipe().hgetall(STARTS).hgetall(CONNECTIONS).query_async(&mut redis).await?;
        let value = |map: &HashMap<String, i64>, node: &str| map.get(node).copied().unwrap_or(0);
        Ok(live
            .into_iter()
            .map(|node_id| NodeState {
                connections: value(&connections, &node_id),
                started_at_ms: value(&starts, &node_id),
                node_id,
            })
            .collect())
    }

    /// Gives up the lease and everything under it.
    pub async fn end(&self) -> Result<(), GatewayError> {
        self.forget(&self.node_id).await
    }

    async fn live_nodes(&self) -> Result<Vec<String>, GatewayError> {
        Ok(self.redis.clone().zrangebyscore(LEASES, time::now_ms(), "+inf").await?)
    }

    /// Removes what crashed nodes left behind.
    async fn reap(&self) -> Result<(), GatewayError> {
        let dead: Vec<String> = self.redis.clone().zrangebyscore(LEASES, "-inf", time::now_ms() - 1).await?;
        for node in dead {
            if node != self.node_id {
                tracing::info!(%node, "removing a node whose lease ran out");
                self.forget(&node).await?;
            }
        }
        Ok(())
    }

    async fn forget(&self, node_id: &str) -> Result<(), GatewayError> {
        let mut redis = self.redis.clone();
        let app_ids: Vec<String> = redis.smembers(apps(node_id)).await?;
        let mut pipe = redis::pipe();
        for app_id in app_ids {
            pipe.del(set(&app_id, node_id)).ignore();
        }
        pipe.del(apps(node_id)).ignore().zrem(LEASES, node_id).ignore();
        pipe.hdel(STARTS, node_id).ignore().hdel(CONNECTIONS, node_id).ignore();
        let _: () = pipe.query_async(&mut redis).await?;
        Ok(())
    }
}
