//! The states of a call, and who may move it where. Pure: what is stored is given, what is to be stored is answered.
//!
//! A call rings until somebody answers or it is over, and goes on until it has ended. Between two users the receiver
//! answers or declines, the caller gives up, and either ends the call for both. In a group each member joins, declines
//! and leaves alone: who declines leaves the call as it is, and the last to leave ends it. Who has left may come back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{CallStatus, CallType, ParticipantState};
use halley_model::{ConversationKey, ErrorCode};
use serde::Serialize;

/// Why a call is not started or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallFault {
    #[error("nobody calls themselves")]
    CallingSelf,
    #[error("{uid} is in another call")]
    BusySelf { uid: String },
    #[error("{uid} is in another call")]
    BusyUser { uid: String },
    #[error("the group {guid} has a call already")]
    BusyGroup { guid: String },
    #[error("the session's id is missing")]
    EmptySession,
    #[error("there is no call {session_id}")]
    NotFound { session_id: String },
    #[error("{uid} has no part in the call")]
    NotAPart { uid: String },
    #[error("the call is over")]
    Terminated,
    #[error("a call can't be initiated again")]
    InvalidInit,
    #[error("the call was not answered: it can't be ended")]
    NotStarted,
    #[error("{uid} has joined the call already")]
    UserAlreadyJoined { uid: String },
    #[error("{uid} has joined the call already")]
    GroupAlreadyJoined { uid: String },
    #[error("{uid} has left the call already")]
    GroupAlreadyLeft { uid: String },
    #[error("a group is never busy")]
    GroupInvalidStatus,
    #[error("a call that goes on can only be ended")]
    OngoingToInvalid,
    #[error("joinedAt is needed to join the call of a group")]
    EmptyJoinedAt,
    #[error("status: {} is not for {uid} to say", word(*.status))]
    NotForThem { status: CallStatus, uid: String },
}

impl CallFault {
    /// The public code.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::CallingSelf => ErrorCode::CallingSelf,
            Self::BusySelf { .. } => ErrorCode::CallBusySelf,
            Self::BusyUser { .. } => ErrorCode::CallBusyUser,
            Self::BusyGroup { .. } => ErrorCode::CallBusyGroup,
            Self::EmptySession => ErrorCode::EmptyCallSessionId,
            Self::NotFound { .. } => ErrorCode::CallSessionNotFound,
            Self::NotAPart { .. } => ErrorCode::CallNotAPart,
            Self::Terminated => ErrorCode::CallTerminated,
            Self::InvalidInit => ErrorCode::CallInvalidInit,
            Self::NotStarted => ErrorCode::CallNotStarted,
            Self::UserAlreadyJoined { .. } => ErrorCode::CallUserAlreadyJoined,
            Self::GroupAlreadyJoined { .. } => ErrorCode::CallGroupAlreadyJoined,
            Self::GroupAlreadyLeft { .. } => ErrorCode::CallGroupAlreadyLeft,
            Self::GroupInvalidStatus => ErrorCode::CallGroupInvalidStatus,
            Self::OngoingToInvalid => ErrorCode::CallOngoingToInvalid,
            Self::EmptyJoinedAt => ErrorCode::CallEmptyJoinedAt,
            Self::NotForThem { .. } => ErrorCode::BadRequest,
        }
    }

    /// The field that is wrong, if it is one field's fault.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::CallingSelf => Some("receiver"),
            Self::EmptySession => Some("sessionId"),
            Self::EmptyJoinedAt => Some("joinedAt"),
            Self::NotForThem { .. } | Self::InvalidInit => Some("status"),
            _ => None,
        }
    }
}

/// A call as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredCall {
    pub session_id: String,
    pub conversation_id: i64,
    /// Whose conversation it is in.
    pub key: ConversationKey,
    pub kind: CallType,
    pub status: CallStatus,
    pub initiator_uid: String,
    pub receiver: String,
    pub message_id: i64,
    pub initiated_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub participant_count: i32,
    pub seconds: i64,
}

/// What a user does to their own place in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Join,
    Decline,
    Leave,
    Nothing,
}

/// What is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub own: Own,
    /// The call's status after it.
    pub status: CallStatus,
}

/// The public word of a status.
pub(crate) fn word(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Initiated => "initiated",
        CallStatus::Ongoing => "ongoing",
        CallStatus::Rejected => "rejected",
        CallStatus::Busy => "busy",
        CallStatus::Cancelled => "cancelled",
        CallStatus::Unanswered => "unanswered",
        CallStatus::Ended | CallStatus::Unspecified => "ended",
    }
}

/// The public word of a type, which is the type of its messages, too.
pub(crate) fn type_word(kind: CallType) -> &'static str {
    if kind == CallType::Video { "video" } else { "audio" }
}

/// Whether a call of that status goes on.
pub(crate) fn is_live(status: CallStatus) -> bool {
    matches!(status, CallStatus::Initiated | CallStatus::Ongoing)
}

/// Whether a call that began then is too old to go on.
pub(crate) fn is_stale(initiated_at: DateTime<Utc>, now: DateTime<Utc>, max: Duration) -> bool {
    now.signed_duration_since(initiated_at).to_std().is_ok_and(|age| age > max)
}

/// When a device joined, which its own clock says: between the call's beginning and now.
pub(crate) fn joined_at(
    given: Option<DateTime<Utc>>,
    initiated_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    given.unwrap_or(now).min(now).max(initiated_at)
}

/// How a user stands in a call that they want to change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub uid: &'a str,
    /// `None`: never had a place in it.
    pub state: Option<ParticipantState>,
    /// Who else is in it.
    pub others_in: i64,
}

impl StoredCall {
    /// What a user's wish makes of the call.
    pub(crate) fn step(&self, of: Standing<'_>, wish: CallStatus) -> Result<Step, CallFault> {
        let is_direct = matches!(self.key, ConversationKey::Direct(..));
        match (self.status, wish) {
            (_, CallStatus::Initiated | CallStatus::Unspecified) => Err(CallFault::InvalidInit),
            (status, _) if !is_live(status) => Err(CallFault::Terminated),
            (_, CallStatus::Busy) if !is_direct => Err(CallFault::GroupInvalidStatus),
            (CallStatus::Initiated, CallStatus::Ended) => Err(CallFault::NotStarted),
            (CallStatus::Ongoing, CallStatus::Busy | CallStatus::Cancelled | CallStatus::Unanswered) => {
                Err(CallFault::OngoingToInvalid)
            }
            _ if is_direct => self.direct(of, wish),
            _ => self.in_group(of, wish),
        }
    }

    fn direct(&self, of: Standing<'_>, wish: CallStatus) -> Result<Step, CallFault> {
        let is_caller = of.uid == self.initiator_uid;
        let over = |own| Ok(Step { own, status: wish });
        match (self.status, wish) {
            (CallStatus::Initiated, CallStatus::Ongoing) if !is_caller => over(Own::Join),
            (_, CallStatus::Ongoing) => Err(CallFault::UserAlreadyJoined { uid: of.uid.to_owned() }),
            (CallStatus::Initiated, CallStatus::Rejected | CallStatus::Busy) if !is_caller => over(Own::Decline),
            (CallStatus::Initiated, CallStatus::Cancelled | CallStatus::Unanswered) if is_caller => over(Own::Nothing),
            (CallStatus::Ongoing, CallStatus::Ended) => over(Own::Nothing),
            (CallStatus::Ongoing, _) => Err(CallFault::OngoingToInvalid),
            _ => Err(CallFault::NotForThem { status: wish, uid: of.uid.to_owned() }),
        }
    }

    fn in_group(&self, of: Standing<'_>, wish: CallStatus) -> Result<Step, CallFault> {
        let uid = || of.uid.to_owned();
        match (wish, of.state) {
            (CallStatus::Ongoing, Some(ParticipantState::Ongoing)) => Err(CallFault::GroupAlreadyJoined { uid: uid() }),
            (CallStatus::Ongoing, _) => Ok(Step { own: Own::Join, status: CallStatus::Ongoing }),
            (CallStatus::Ended, Some(ParticipantState::Ongoing)) => {
                let status = if of.others_in == 0 { CallStatus::Ended } else { self.status };
                Ok(Step { own: Own::Leave, status })
            }
            (CallStatus::Ended, Some(ParticipantState::Ended)) => Err(CallFault::GroupAlreadyLeft { uid: uid() }),
            (CallStatus::Ended, _) => Err(CallFault::NotAPart { uid: uid() }),
            (CallStatus::Rejected, Some(ParticipantState::Ongoing)) if self.status == CallStatus::Ongoing => {
                Err(CallFault::OngoingToInvalid)
            }
            (CallStatus::Rejected, Some(ParticipantState::Ended)) => Err(CallFault::GroupAlreadyLeft { uid: uid() }),
            (CallStatus::Rejected, None | Some(ParticipantState::Unanswered | ParticipantState::Rejected)) => {
                Ok(Step { own: Own::Decline, status: self.status })
            }
            (CallStatus::Cancelled | CallStatus::Unanswered, _) if of.uid == self.initiator_uid => {
                Ok(Step { own: Own::Nothing, status: wish })
            }
            _ => Err(CallFault::NotForThem { status: wish, uid: uid() }),
        }
    }
}

/// The data of a message that tells of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    action: &'static str,
    call: Told<'a>,
}

/// Times are Unix seconds, as clients read them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    sessionid: &'a str,
    status: &'static str,
    initiated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    /// Seconds from the answer to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<i64>,
}

/// What a message says of a call: the change by its word, and the call as the change left it. `joined_at` is that of who
/// made the change.
pub(crate) fn told(
    call: &StoredCall,
    change: CallStatus,
    joined_at: Option<DateTime<Utc>>,
) -> Result<String, serde_json::Error> {
    let duration = |started: DateTime<Utc>| call.ended_at.map(|ended| (ended - started).num_seconds().max(0));
    serde_json::to_string(&Data {
        action: word(change),
        call: Told {
            sessionid: &call.session_id,
            status: word(change),
            initiated_at: call.initiated_at.timestamp(),
            started_at: call.started_at.map(|at| at.timestamp()),
            joined_at: joined_at.map(|at| at.timestamp()),
            ended_at: call.ended_at.map(|at| at.timestamp()),
            duration: call.started_at.and_then(duration),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallStatus as S;
    use ParticipantState as P;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("time")
    }

    fn call(key: ConversationKey, status: CallStatus) -> StoredCall {
        StoredCall {
            session_id: "v1.us.app.1700000000ab".to_owned(),
            conversation_id: 1,
            receiver: key.counterpart("ann").to_owned(),
            key,
            kind: CallType::Audio,
            status,
            initiator_uid: "ann".to_owned(),
            message_id: 1,
            initiated_at: at(100),
            started_at: None,
            ended_at: None,
            participant_count: 1,
            seconds: 0,
        }
    }

    fn direct(status: CallStatus, uid: &str, wish: CallStatus) -> Result<Step, ErrorCode> {
        let call = call(ConversationKey::direct("ann", "bob"), status);
        let state = if uid == "ann" { P::Ongoing } else { P::Unanswered };
        call.step(Standing { uid, state: Some(state), others_in: 1 }, wish).map_err(|fault| fault.code())
    }

    fn group(status: CallStatus, uid: &str, state: Option<P>, others_in: i64, wish: S) -> Result<Step, ErrorCode> {
        let call = call(ConversationKey::group("room"), status);
        call.step(Standing { uid, state, others_in }, wish).map_err(|fault| fault.code())
    }

    fn step(own: Own, status: CallStatus) -> Result<Step, ErrorCode> {
        Ok(Step { own, status })
    }

    #[test]
    fn between_two_the_receiver_answers_and_the_caller_gives_up() {
        assert_eq!(direct(S::Initiated, "bob", S::Ongoing), step(Own::Join, S::Ongoing));
        assert_eq!(direct(S::Initiated, "bob", S::Rejected), step(Own::Decline, S::Rejected));
        assert_eq!(direct(S::Initiated, "bob", S::Busy), step(Own::Decline, S::Busy));
        assert_eq!(direct(S::Initiated, "ann", S::Cancelled), step(Own::Nothing, S::Cancelled));
        assert_eq!(direct(S::Initiated, "ann", S::Unanswered), step(Own::Nothing, S::Unanswered));
        for (uid, wish) in [("ann", S::Rejected), ("ann", S::Busy), ("bob", S::Cancelled), ("bob", S::Unanswered)] {
            assert_eq!(direct(S::Initiated, uid, wish), Err(ErrorCode::BadRequest), "{uid} {wish:?}");
        }
        assert_eq!(direct(S::Initiated, "ann", S::Ongoing), Err(ErrorCode::CallUserAlreadyJoined));
    }

    #[test]
    fn a_call_that_goes_on_can_only_be_ended() {
        for uid in ["ann", "bob"] {
            assert_eq!(direct(S::Ongoing, uid, S::Ended), step(Own::Nothing, S::Ended));
            assert_eq!(direct(S::Ongoing, uid, S::Ongoing), Err(ErrorCode::CallUserAlreadyJoined));
            for wish in [S::Rejected, S::Busy, S::Cancelled, S::Unanswered] {
                assert_eq!(direct(S::Ongoing, uid, wish), Err(ErrorCode::CallOngoingToInvalid), "{wish:?}");
            }
            assert_eq!(direct(S::Initiated, uid, S::Ended), Err(ErrorCode::CallNotStarted));
        }
        for state in [P::Ongoing, P::Unanswered] {
            for wish in [S::Cancelled, S::Unanswered] {
                assert_eq!(group(S::Ongoing, "ann", Some(state), 1, wish), Err(ErrorCode::CallOngoingToInvalid));
            }
        }
        assert_eq!(group(S::Ongoing, "bob", Some(P::Ongoing), 1, S::Rejected), Err(ErrorCode::CallOngoingToInvalid));
    }

    #[test]
    fn what_is_over_stays_so_and_nothing_begins_twice() {
        for status in [S::Rejected, S::Busy, S::Cancelled, S::Unanswered, S::Ended] {
            for wish in [S::Ongoing, S::Rejected, S::Busy, S::Cancelled, S::Unanswered, S::Ended] {
                assert_eq!(direct(status, "bob", wish), Err(ErrorCode::CallTerminated), "{status:?} {wish:?}");
                assert_eq!(group(status, "bob", None, 0, wish), Err(ErrorCode::CallTerminated), "{status:?} {wish:?}");
            }
        }
        for status in [S::Initiated, S::Ongoing, S::Ended] {
            assert_eq!(direct(status, "ann", S::Initiated), Err(ErrorCode::CallInvalidInit));
            assert_eq!(group(status, "ann", None, 0, S::Initiated), Err(ErrorCode::CallInvalidInit));
        }
    }

    #[test]
    fn in_a_group_each_joins_declines_and_leaves_alone() {
        assert_eq!(group(S::Initiated, "bob", None, 1, S::Ongoing), step(Own::Join, S::Ongoing));
        assert_eq!(group(S::Ongoing, "cat", None, 2, S::Ongoing), step(Own::Join, S::Ongoing));
        assert_eq!(group(S::Ongoing, "cat", Some(P::Ended), 2, S::Ongoing), step(Own::Join, S::Ongoing));
        assert_eq!(group(S::Initiated, "bob", None, 1, S::Rejected), step(Own::Decline, S::Initiated));
        assert_eq!(group(S::Ongoing, "bob", None, 1, S::Rejected), step(Own::Decline, S::Ongoing));
        assert_eq!(group(S::Ongoing, "bob", Some(P::Ongoing), 1, S::Ended), step(Own::Leave, S::Ongoing));
        assert_eq!(group(S::Ongoing, "ann", Some(P::Ongoing), 0, S::Ended), step(Own::Leave, S::Ended));
        assert_eq!(group(S::Initiated, "ann", Some(P::Ongoing), 0, S::Cancelled), step(Own::Nothing, S::Cancelled));
        assert_eq!(group(S::Initiated, "ann", Some(P::Ongoing), 0, S::Unanswered), step(Own::Nothing, S::Unanswered));
    }

    #[test]
    fn a_group_has_codes_of_its_own() {
        assert_eq!(group(S::Initiated, "bob", None, 1, S::Busy), Err(ErrorCode::CallGroupInvalidStatus));
        for uid in ["ann", "bob"] {
            let joined = Some(P::Ongoing);
            assert_eq!(group(S::Ongoing, uid, joined, 1, S::Ongoing), Err(ErrorCode::CallGroupAlreadyJoined));
        }
        assert_eq!(group(S::Ongoing, "bob", Some(P::Ended), 1, S::Ended), Err(ErrorCode::CallGroupAlreadyLeft));
        assert_eq!(group(S::Ongoing, "bob", Some(P::Ended), 1, S::Rejected), Err(ErrorCode::CallGroupAlreadyLeft));
        assert_eq!(group(S::Ongoing, "bob", None, 1, S::Ended), Err(ErrorCode::CallNotAPart));
        assert_eq!(group(S::Ongoing, "bob", Some(P::Rejected), 1, S::Ended), Err(ErrorCode::CallNotAPart));
        assert_eq!(group(S::Initiated, "bob", None, 1, S::Ended), Err(ErrorCode::CallNotStarted));
        assert_eq!(group(S::Initiated, "bob", None, 1, S::Cancelled), Err(ErrorCode::BadRequest));
        assert_eq!(group(S::Initiated, "ann", Some(P::Ongoing), 0, S::Rejected), Err(ErrorCode::BadRequest));
    }

    #[test]
    fn a_device_joined_between_the_beginning_and_now() {
        assert_eq!(joined_at(None, at(100), at(200)), at(200));
        assert_eq!(joined_at(Some(at(150)), at(100), at(200)), at(150));
        assert_eq!(joined_at(Some(at(50)), at(100), at(200)), at(100));
        assert_eq!(joined_at(Some(at(900)), at(100), at(200)), at(200));
    }

    #[test]
    fn a_call_is_stale_after_its_time() {
        let max = Duration::from_secs(60);
        assert!(!is_stale(at(100), at(160), max) && is_stale(at(100), at(161), max));
        assert!(!is_stale(at(100), at(50), max), "clocks differ");
    }

    #[test]
    fn a_message_tells_the_change_and_the_call() {
        let ended = StoredCall {
            started_at: Some(at(110)),
            ended_at: Some(at(170)),
            ..call(ConversationKey::direct("ann", "bob"), S::Ended)
        };
        assert_eq!(
            told(&ended, S::Ended, Some(at(111))).expect("json"),
            r#"{"action":"ended","call":{"sessionid":"v1.us.app.1700000000ab","status":"ended","initiatedAt":100,"startedAt":110,"joinedAt":111,"endedAt":170,"duration":60}}"#
        );
    }
}
