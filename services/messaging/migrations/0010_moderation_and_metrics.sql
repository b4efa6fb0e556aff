-- What was decided about a message that was reported: as in the contract, 1 approved, 2 disapproved.
ALTER TABLE messages ADD COLUMN moderation smallint;

CREATE TABLE flag_reasons (
    app_id text COLLATE "C" NOT NULL,
    reason_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- A row is left, so that an app that has deleted its default reasons does not get them again.
    deleted_at timestamptz,
    CONSTRAINT flag_reasons_pkey PRIMARY KEY (app_id, reason_id)
);

-- One row for a message that anybody has reported.
CREATE TABLE flagged_messages (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    -- 0 waits; else what was decided.
    status smallint NOT NULL DEFAULT 0,
    flag_count bigint NOT NULL,
    first_flagged_at timestamptz NOT NULL,
    last_flagged_at timestamptz NOT NULL,
    reviewed_at timestamptz,
    reviewed_by text COLLATE "C",
    CONSTRAINT flagged_messages_pkey PRIMARY KEY (app_id, message_id)
);
CREATE INDEX flagged_messages_app_id_last_flagged_at_idx ON flagged_messages (app_id, last_flagged_at, message_id)
    WHERE status = 0;
CREATE INDEX flagged_messages_app_id_reviewed_at_idx ON flagged_messages (app_id, reviewed_at, message_id)
    WHERE status <> 0;

-- One row for a user's report of a message.
CREATE TABLE message_flags (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    uid text COLLATE "C" NOT NULL,
    reason_id text COLLATE "C" NOT NULL,
    -- As they were then.
    reason_name text NOT NULL,
    reason_description text NOT NULL,
    remark text NOT NULL,
    flagged_at timestamptz NOT NULL,
    CONSTRAINT message_flags_pkey PRIMARY KEY (app_id, message_id, uid)
);

-- Five minutes of an app. Leads with the time, by which old rows are taken away.
CREATE TABLE message_stats (
    from_at timestamptz NOT NULL,
    app_id text COLLATE "C" NOT NULL,
    sent bigint NOT NULL,
    read bigint NOT NULL,
    delivered bigint NOT NULL,
    CONSTRAINT message_stats_pkey PRIMARY KEY (from_at, app_id)
);

-- A user who came online on a day (UTC).
CREATE TABLE active_users (
    app_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    uid text COLLATE "C" NOT NULL,
    CONSTRAINT active_users_pkey PRIMARY KEY (app_id, day, uid)
);

-- The most users that an app had online at once in an hour (UTC).
CREATE TABLE online_peaks (
    app_id text COLLATE "C" NOT NULL,
    from_at timestamptz NOT NULL,
    users bigint NOT NULL,
    CONSTRAINT online_peaks_pkey PRIMARY KEY (app_id, from_at)
);
