//! One message out and its acknowledgement back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Context, Result};
use halley_client::{ApiClient, ClientError, Receiver};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::task::JoinSet;

use crate::lean::Lean;
use crate::target::{Target, User};
use crate::texts::Text;

/// Messages of a preparation under way at a time.
const FILLING: usize = 64;

/// What a user needs to write.
pub struct Writer {
    api: ApiClient,
    receiver: Receiver,
    head: String,
}

impl Writer {
    pub fn new(target: &Target, user: &User, receiver: Receiver) -> Self {
        Self { api: user.api.clone(), receiver, head: head(target, user, "POST", "/messages") }
    }
}

/// Head of a user's call, without the length of its body.
pub fn head(target: &Target, user: &User, method: &str, path: &str) -> String {
    let base = target.server.base();
    format!(
        "{method} {}{path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\ncontent-type: application/json\r\n\
         appid: {}\r\nauthtoken: {}\r\nresource: {}\r\n",
        base.path(),
        base.authority(),
        target.app_id,
        user.token,
        user.api.resource(),
    )
}

/// Sends messages as fast as the server takes them; each must be acknowledged. Message `n` has the muid `{muid}-{n}`.
pub async fn send_all(target: &Target, writers: Arc<Vec<Writer>>, count: u64, muid: &str) -> Result<()> {
    let (next, text) = (Arc::new(AtomicU64::new(0)), Arc::new(Text::new("x".repeat(100))));
    let mut workers = JoinSet::new();
    for _ in 0..FILLING {
        let (next, text, writers, muid) = (next.clone(), text.clone(), writers.clone(), muid.to_owned());
        let mut sender = Sender::new(target)?;
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= count {
                    return Ok(());
                }
                let writer = &writers[(number % writers.len() as u64) as usize];
                if let Outcome::Refused(why) = sender.send(writer, &text, &format!("{muid}-{number}")).await {
                    anyhow::bail!("a message of the preparation was refused: {why}");
                }
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(())
}

/// How messages leave.
pub enum Sender {
    /// `http://`
    Plain(Lean),
    /// `https://`
    Tls,
}

/// What became of a message.
pub enum Outcome {
    /// Stored.
    Acknowledged,
    /// Not stored, or not known to be; the code or the fault.
    Refused(String),
}

impl Sender {
    pub fn new(target: &Target) -> Result<Self> {
        let base = target.server.base();
        if base.scheme() != "http" {
            return Ok(Self::Tls);
        }
        let host = base.host_str().with_context(|| format!("{}: no host", target.rest))?;
        Ok(Self::Plain(Lean::new(&format!("{host}:{}", base.port_or_known_default().unwrap_or(80)))))
    }

    pub async fn send(&mut self, writer: &Writer, text: &Text, muid: &str) -> Outcome {
        match self {
            Self::Plain(lean) => {
                // Ids are ours and need no escaping.
                let body = format!(
                    r#"{{"receiver":"{}","receiverType":"{}","category":"message","type":"text","data":{{"text":{}}},"muid":"{muid}"}}"#,
                    writer.receiver.id(),
                    writer.receiver.receiver_type(),
                    text.json,
                );
                match lean.call(&writer.head, &body).await {
                    Ok(reply) => judge(reply.status, reply.body),
                    Err(error) => Outcome::Refused(format!("transport: {error:#}")),
                }
            }
            Self::Tls => match writer.api.send_message(&writer.receiver, &text.plain, muid).await {
                Ok(_) => Outcome::Acknowledged,
                Err(ClientError::Api { status, code, .. }) => Outcome::Refused(format!("{status} {code}")),
                Err(error) => Outcome::Refused(error.to_string()),
            },
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Stored>,
    error: Option<Fault>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
}

fn judge(status: u16, body: &[u8]) -> Outcome {
    match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { data: Some(_), error: None }) if status == 200 => Outcome::Acknowledged,
        Ok(Envelope { error: Some(fault), .. }) => Outcome::Refused(format!("{status} {}", fault.code)),
        _ => Outcome::Refused(format!("{status} without an envelope")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stored_message_is_acknowledged() {
        assert!(matches!(judge(200, br#"{"data":{"id":"1"}}"#), Outcome::Acknowledged));
        assert!(matches!(judge(200, br#"{"data":{}}"#), Outcome::Refused(_)));
        assert!(matches!(judge(502, b"<html>"), Outcome::Refused(_)));
        let refused = judge(429, br#"{"error":{"code":"ERR_TOO_MANY_REQUESTS"}}"#);
        assert!(matches!(refused, Outcome::Refused(why) if why == "429 ERR_TOO_MANY_REQUESTS"));
    }
}
