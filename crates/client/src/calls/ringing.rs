use http::Method;
use serde_json::json;

use super::segment;
use crate::request::{List, Request, Walk, filters};
use crate::{ApiClient, Call, CallStatus, CallType, ClientError, LoggedCall, Message, Receiver};

/// The log of calls.
pub struct CallsList;

impl List for CallsList {
    type Row = LoggedCall;
}

filters! { CallsList {
    /// `audio` or `video`.
    kind: text => "type",
    /// How they ended: `ended`, `unanswered` and so on.
    status: list => "status",
    /// `user` or `group`.
    receiver_type: text => "receiverType",
    /// With this user.
    uid: text => "uid",
}}

/// Who rings, answers and leaves; made by [`crate::HalleyChat::calls`]. Sound and pictures go over a WebRTC library of the
/// app's own: what its devices say to each other is sent by [`crate::HalleyChat::signal_call`].
pub struct Calls<'a> {
    pub(crate) api: &'a ApiClient,
}

impl Calls<'_> {
    /// Rings at a user, or at a group.
    pub async fn initiate(&self, peer: &Receiver, kind: CallType) -> Result<Call, ClientError> {
        let body = json!({"type": kind.as_str(), "receiver": peer.id(), "receiverType": peer.receiver_type()});
        told(&self.api.call_data(Method::POST, "/calls", &[], Some(&body)).await?)
    }

    /// Answers a call, or joins that of a group.
    pub async fn accept(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Ongoing).await
    }

    /// Declines a call.
    pub async fn reject(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Rejected).await
    }

    /// Declines a call, as the user is in another one.
    pub async fn reject_busy(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Busy).await
    }

    /// Takes a call back that nobody has answered.
    pub async fn cancel(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Cancelled).await
    }

    /// Nobody answered. The server says so by itself, a little later.
    pub async fn give_up(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Unanswered).await
    }

    /// Ends a call, or leaves that of a group.
    pub async fn end(&self, session_id: &str) -> Result<Call, ClientError> {
        self.set(session_id, CallStatus::Ended).await
    }

    /// One call of the log.
    pub async fn get(&self, session_id: &str) -> Result<LoggedCall, ClientError> {
        self.api.read_data(&format!("/calls/{}", segment(session_id)), &[]).await
    }

    /// The log of the user's calls, newest first.
    pub fn list(&self) -> Request<CallsList> {
        Request::new(self.api, "/calls", Walk::numbered())
    }

    async fn set(&self, session_id: &str, status: CallStatus) -> Result<Call, ClientError> {
        let path = format!("/calls/{}", segment(session_id));
        let body = json!({"status": status.as_str()});
        told(&self.api.call_data(Method::PUT, &path, &[], Some(&body)).await?)
    }
}

fn told(message: &Message) -> Result<Call, ClientError> {
    message.call().ok_or_else(|| ClientError::Shape("the answer tells of no call".into()))
}
