CREATE TABLE calls (
    app_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    conversation_id bigint NOT NULL,
    -- As in the contract: 1 user, 2 group.
    receiver_type smallint NOT NULL,
    initiator_uid text COLLATE "C" NOT NULL,
    receiver text COLLATE "C" NOT NULL,
    -- As in the contract: 1 audio, 2 video.
    type smallint NOT NULL,
    -- As in the contract: 1 initiated, 2 ongoing; the others are over.
    status smallint NOT NULL,
    -- Of the message that says that it was started.
    message_id bigint NOT NULL,
    initiated_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    participant_count integer NOT NULL,
    -- Of all participants together.
    seconds bigint NOT NULL DEFAULT 0,
    CONSTRAINT calls_pkey PRIMARY KEY (app_id, session_id)
);
CREATE INDEX calls_app_id_initiated_at_session_id_idx ON calls (app_id, initiated_at, session_id);
CREATE INDEX calls_app_id_ended_at_idx ON calls (app_id, ended_at) WHERE started_at IS NOT NULL;
-- The few that go on: whether a group has one, and which are too old.
CREATE INDEX calls_app_id_conversation_id_live_idx ON calls (app_id, conversation_id) WHERE status <= 2;
CREATE INDEX calls_initiated_at_live_idx ON calls (initiated_at) WHERE status <= 2;

CREATE TABLE call_participants (
    app_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    -- As in the contract: 1 unanswered, 2 ongoing, 3 rejected, 4 ended.
    state smallint NOT NULL,
    device_id text NOT NULL DEFAULT '',
    joined_at timestamptz,
    left_at timestamptz,
    seconds bigint NOT NULL DEFAULT 0,
    -- The call's, so that a user's calls are walked in their order.
    initiated_at timestamptz NOT NULL,
    CONSTRAINT call_participants_pkey PRIMARY KEY (app_id, session_id, uid),
    CONSTRAINT call_participants_app_id_session_id_fkey
        FOREIGN KEY (app_id, session_id) REFERENCES calls (app_id, session_id) ON DELETE CASCADE
);
CREATE INDEX call_participants_app_id_uid_initiated_at_idx ON call_participants (app_id, uid, initiated_at);
-- Who is in a call now.
CREATE INDEX call_participants_app_id_uid_in_idx ON call_participants (app_id, uid) WHERE state = 2;
