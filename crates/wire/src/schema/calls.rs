//! Calls: in the log, and in the messages that tell of them.

use utoipa::ToSchema;

use super::{Entity, ReceiverType};

/// What kind of call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum CallType {
    /// With sound only.
    Audio,
    /// With pictures.
    Video,
}

/// How a call stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum CallStatus {
    /// It rings.
    Initiated,
    /// It was answered.
    Ongoing,
    /// It was declined.
    Rejected,
    /// Its receiver was in another call.
    Busy,
    /// Who called gave up.
    Cancelled,
    /// Nobody answered.
    Unanswered,
    /// It was answered and is over.
    Ended,
}

/// How a user stands in a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ParticipantState {
    /// Is in it.
    Ongoing,
    /// Declined it.
    Rejected,
    /// Was in it.
    Ended,
    /// Did not answer.
    Unanswered,
}

/// A call in the log.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Call {
    /// Its id.
    pub session_id: String,
    /// The message that it began with.
    #[schema(pattern = "^[0-9]+$")]
    pub mid: String,
    /// What kind of call.
    #[schema(rename = "type")]
    pub kind: CallType,
    /// `call`.
    pub mode: String,
    /// The uid of who called.
    pub initiator: String,
    /// The uid or guid of who was called.
    pub receiver: String,
    /// What the receiver is.
    pub receiver_type: ReceiverType,
    /// The conversation it is in.
    pub conversation_id: String,
    /// How it stands.
    pub status: CallStatus,
    /// Unix seconds.
    #[schema(required = false)]
    pub initiated_at: i64,
    /// Unix seconds since when it was answered.
    #[schema(required = false)]
    pub started_at: i64,
    /// Unix seconds since when it is over.
    #[schema(required = false)]
    pub ended_at: i64,
    /// Minutes of sound, of all participants together.
    pub total_audio_minutes: f64,
    /// Minutes of pictures, of all participants together.
    pub total_video_minutes: f64,
    /// Minutes from the answer to the end.
    pub total_duration_in_minutes: f64,
    /// The same as hours, minutes and seconds.
    #[schema(pattern = "^[0-9]{2,}:[0-9]{2}:[0-9]{2}$")]
    pub total_duration: String,
    /// How many took part.
    pub total_participants: i32,
    /// False: calls are not recorded.
    pub has_recording: bool,
    /// False: nothing of what is said is written down.
    pub has_transcription: bool,
    /// Who took part.
    pub participants: Vec<CallParticipant>,
    /// Empty; of a call that is shown alone.
    #[schema(required = false, value_type = Vec<Value>)]
    pub meta_data: Vec<()>,
    /// Empty; of a call that is shown alone.
    #[schema(required = false)]
    pub tags: Vec<String>,
}

/// Who takes part in a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CallParticipant {
    /// Who.
    pub uid: String,
    /// The device.
    #[schema(required = false)]
    pub device_id: String,
    /// Whether the user was ever in it.
    pub is_joined: bool,
    /// How the user stands in it.
    pub state: ParticipantState,
    /// Unix seconds.
    #[schema(required = false)]
    pub joined_at: i64,
    /// Unix seconds.
    #[schema(required = false)]
    pub left_at: i64,
    /// Minutes of sound.
    pub total_audio_minutes: f64,
    /// Minutes of pictures.
    pub total_video_minutes: f64,
    /// Minutes in the call.
    pub total_duration_in_minutes: f64,
}

/// A call as the message that tells of it left it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ToldCall {
    /// Its id.
    #[schema(required = false)]
    pub sessionid: String,
    /// How it stood then.
    #[schema(required = false)]
    pub status: CallStatus,
    /// Unix seconds.
    #[schema(required = false)]
    pub initiated_at: i64,
    /// Unix seconds since when it was answered.
    #[schema(required = false)]
    pub started_at: i64,
    /// Unix seconds since when who made the change is in it.
    #[schema(required = false)]
    pub joined_at: i64,
    /// Unix seconds since when it is over.
    #[schema(required = false)]
    pub ended_at: i64,
    /// Seconds from the answer to the end.
    #[schema(required = false)]
    pub duration: i64,
    /// `audio` or `video`.
    #[schema(rename = "type")]
    pub kind: String,
    /// The uid of who called.
    pub sender: String,
    /// The uid or guid of who was called.
    pub receiver: String,
    /// What the receiver is.
    pub receiver_type: ReceiverType,
    /// The conversation it is in.
    pub conversation_id: String,
    /// Who called and who was called.
    pub data: ToldCallData,
}

/// Who called and who was called.
#[derive(ToSchema)]
pub struct ToldCallData {
    /// Both.
    pub entities: CallParties,
}

/// Who called and who was called.
#[derive(ToSchema)]
pub struct CallParties {
    /// Who called.
    #[schema(no_recursion)]
    pub sender: Entity,
    /// Who was called.
    #[schema(no_recursion)]
    pub receiver: Entity,
}
