//! Who is online, in Redis.
//!
//! Each node keeps one set of uids per app, and a lease. A user is online when a node with a valid lease has the uid
//! in its set; so when a node crashes, all its users go offline with its lease, and nothing has to be counted.

use std::{collections::HashMap, time::Duration};

use halley_bus::{Bus, Channel};
use halley_kit::time;
use redis::{AsyncCommands as _, aio::ConnectionManager};

use crate::{
    error::GatewayError,
    live::{self, State},
};

/// Nodes with the time their lease ends, in Unix milliseconds.
const LEASES: &str = "halley:nodes";
/// When each node started, and how many sockets it has.
const STARTS: &str = "halley:nodes:started";
const CONNECTIONS: &str = "halley:nodes:connections";

/// This node's part in it.
#[derive(Clone)]
pub struct Presence {
    node_id: String,
    redis: ConnectionManager,
    lease: Duration,
    started_at_ms: i64,
}

/// A node as others see it.
pub struct NodeState {
    /// Its id.
    pub node_id: String,
    /// Sockets, as of its last renewal.
    pub connections: i64,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// What else it tells.
    pub state: State,
    /// Sockets by app.
    pub sockets: HashMap<String, i64>,
}

/// What became of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It held all the time.
    Kept,
    /// It had run out or was lost: others may have removed what this node had stored.
    Regained,
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
    pub fn new(bus: &Bus, lease: Duration) -> Self {
        let node_id = format!("{:016x}", rand::random::<u64>());
        Self { node_id, redis: bus.connection(), lease, started_at_ms: time::now_ms() }
    }

    /// This node's id.
    pub fn node_id(&self) -> &str {
        &self.node_id
    }

    /// How long a lease holds.
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// Takes or renews the lease, and tells how many sockets there are.
    pub async fn renew(&self, connections: usize) -> Result<Renewal, GatewayError> {
        let now = time::now_ms();
        let until = now + i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX / 2);
        let mut redis = self.redis.clone();
        let (before,): (Option<i64>,) = redis::pipe()
            .cmd("ZSCORE")
            .arg(LEASES)
            .arg(&self.node_id)
            .zadd(LEASES, &self.node_id, until)
            .ignore()
            .hset(STARTS, &self.node_id, self.started_at_ms)
            .ignore()
            .hset(CONNECTIONS, &self.node_id, connections)
            .ignore()
            .query_async(&mut redis)
            .await?;
        Ok(if before.is_some_and(|before| before >= now) { Renewal::Kept } else { Renewal::Regained })
    }

    /// Stores which users of an app have sockets on this node, and which have none any more. Answers for each whether
    /// this was the first socket, or the last, of all nodes.
    pub async fn change(&self, app_id: &str, users: &[(String, bool)]) -> Result<Vec<bool>, GatewayError> {
        let others: Vec<String> = self.live_nodes().await?.into_iter().filter(|node| *node != self.node_id).collect();
        let mut redis = self.redis.clone();
        if users.iter().any(|(_, online)| *online) {
            let _: () = redis.sadd(apps(&self.node_id), app_id).await?;
        }
        let uids: Vec<&str> = users.iter().map(|(uid, _)| uid.as_str()).collect();
        let own = set(app_id, &self.node_id);
        // One step for Redis, or two nodes at once could each think that the other was first.
        let mut pipe = redis::pipe();
        pipe.atomic();
        for (uid, online) in users {
            pipe.cmd(if *online { "SADD" } else { "SREM" }).arg(&own).arg(uid);
        }
        for node in &others {
            pipe.cmd("SMISMEMBER").arg(set(app_id, node)).arg(&uids);
        }
        let answers: Vec<redis::Value> = pipe.query_async(&mut redis).await?;
        let (changed, elsewhere) = answers.split_at(users.len().min(answers.len()));
        let changed = changed.iter().map(flag).collect::<Result<Vec<bool>, _>>()?;
        let elsewhere = elsewhere.iter().map(flags).collect::<Result<Vec<Vec<bool>>, _>>()?;
        let is_elsewhere = |index: usize| elsewhere.iter().any(|node| node.get(index).copied().unwrap_or(false));
        Ok(changed.into_iter().enumerate().map(|(index, changed)| changed && !is_elsewhere(index)).collect())
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

    /// How many users of an app are online. With one node nothing but a number travels.
    pub async fn count(&self, app_id: &str) -> Result<usize, GatewayError> {
        match self.live_nodes().await?.as_slice() {
            [] => Ok(0),
            [node] => Ok(self.redis.clone().scard(set(app_id, node)).await?),
            _ => Ok(self.all(app_id).await?.len()),
        }
    }

    /// Whether any node wants to hear who of an app comes and goes.
    pub async fn is_watched(&self, app_id: &str) -> Result<bool, GatewayError> {
        let channel = Channel::presence(app_id);
        let mut redis = self.redis.clone();
        let (_, listeners): (String, i64) =
            redis::cmd("PUBSUB").arg("NUMSUB").arg(channel.as_str()).query_async(&mut redis).await?;
        Ok(listeners > 0)
    }

    /// Tells what this node is doing, for as long as its lease and one more.
    pub async fn tell(&self, state: &State, sockets: HashMap<String, i64>) -> Result<(), GatewayError> {
        live::tell(&mut self.redis.clone(), &self.node_id, state, sockets, self.lease * 2).await
    }

    /// Counts the sockets of all nodes, once a minute.
    pub async fn count_minute(&self) -> Result<(), GatewayError> {
        let nodes = self.live_nodes().await?;
        live::count_minute(&mut self.redis.clone(), &nodes, time::now_ms()).await
    }

    /// How many sockets an app had over time, or all apps; see [`live::series`].
    pub async fn connections(
        &self,
        app_id: &str,
        range_ms: (i64, i64),
    ) -> Result<(Vec<(i64, i64)>, i64), GatewayError> {
        live::series(&mut self.redis.clone(), app_id, range_ms, time::now_ms()).await
    }

    /// The nodes with a valid lease, the oldest first; with the sockets of all apps, or of one alone.
    pub async fn nodes(&self, app_id: &str) -> Result<Vec<NodeState>, GatewayError> {
        let live = self.live_nodes().await?;
        let mut redis = self.redis.clone();
        let told = live::read(&mut redis, &live, app_id).await?;
        let (starts, connections): (HashMap<String, i64>, HashMap<String, i64>) =
            redis::pipe().hgetall(STARTS).hgetall(CONNECTIONS).query_async(&mut redis).await?;
        let value = |map: &HashMap<String, i64>, node: &str| map.get(node).copied().unwrap_or(0);
        let state = |(node_id, (state, sockets)): (String, (State, HashMap<String, i64>))| NodeState {
            connections: value(&connections, &node_id),
            started_at_ms: value(&starts, &node_id),
            node_id,
            state,
            sockets,
        };
        let mut nodes: Vec<NodeState> = live.into_iter().zip(told).map(state).collect();
        nodes.sort_unstable_by(|a, b| (a.started_at_ms, &a.node_id).cmp(&(b.started_at_ms, &b.node_id)));
        Ok(nodes)
    }

    /// The nodes whose lease ran out.
    pub async fn dead_nodes(&self) -> Result<Vec<String>, GatewayError> {
        Ok(self.redis.clone().zrangebyscore(LEASES, "-inf", time::now_ms() - 1).await?)
    }

    /// Ends a lease, so that the node's users are not online by it any more.
    pub async fn end_lease(&self, node_id: &str) -> Result<(), GatewayError> {
        let _: () = self.redis.clone().zrem(LEASES, node_id).await?;
        Ok(())
    }

    /// The apps of which a node stored users.
    pub async fn apps_of(&self, node_id: &str) -> Result<Vec<String>, GatewayError> {
        Ok(self.redis.clone().smembers(apps(node_id)).await?)
    }

    /// Takes away the users of an app that a node stored. Of several who ask at once, one gets them.
    pub async fn take(&self, app_id: &str, node_id: &str) -> Result<Vec<String>, GatewayError> {
        let key = set(app_id, node_id);
        let mut redis = self.redis.clone();
        let (uids,): (Vec<String>,) =
            redis::pipe().atomic().smembers(&key).del(&key).ignore().query_async(&mut redis).await?;
        Ok(uids)
    }

    /// Forgets a node whose users have been taken away.
    pub async fn forget(&self, node_id: &str) -> Result<(), GatewayError> {
        let mut pipe = redis::pipe();
        pipe.del(apps(node_id)).ignore().zrem(LEASES, node_id).ignore();
        pipe.hdel(STARTS, node_id).ignore().hdel(CONNECTIONS, node_id).ignore();
        let _: () = pipe.query_async(&mut self.redis.clone()).await?;
        live::forget(&mut self.redis.clone(), node_id).await
    }

    async fn live_nodes(&self) -> Result<Vec<String>, GatewayError> {
        Ok(self.redis.clone().zrangebyscore(LEASES, time::now_ms(), "+inf").await?)
    }
}

fn flag(value: &redis::Value) -> Result<bool, redis::RedisError> {
    Ok(redis::FromRedisValue::from_redis_value_ref(value)?)
}

fn flags(value: &redis::Value) -> Result<Vec<bool>, redis::RedisError> {
    Ok(redis::FromRedisValue::from_redis_value_ref(value)?)
}
