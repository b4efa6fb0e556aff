-- Events on their way to webhooks, and the log of it. States: 1 pending, 2 delivered, 3 failed.
CREATE TABLE deliveries (
    app_id text COLLATE "C" NOT NULL,
    -- UUIDv7: in order of time.
    delivery_id uuid NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    trigger_id text COLLATE "C" NOT NULL,
    -- What the trigger tells of, which it does once: a message, a session, an event. Never a user.
    entity text COLLATE "C" NOT NULL,
    state smallint NOT NULL CONSTRAINT deliveries_state_check CHECK (state BETWEEN 1 AND 3),
    -- The body; null: not kept any more.
    payload text,
    -- Whom the body names, to find what is to be erased with a user.
    uids text[] COLLATE "C" NOT NULL,
    -- Calls that failed since it was to be sent.
    failures smallint NOT NULL DEFAULT 0,
    -- The last calls, the oldest first.
    attempts jsonb NOT NULL DEFAULT '[]',
    -- When it is to be sent; while it is being sent, when somebody else takes it over. Null: not any more.
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT deliveries_pkey PRIMARY KEY (app_id, delivery_id),
    CONSTRAINT deliveries_once_key UNIQUE (app_id, webhook_id, trigger_id, entity)
);
CREATE INDEX deliveries_log_idx ON deliveries (app_id, webhook_id, delivery_id);
CREATE INDEX deliveries_due_idx ON deliveries (app_id, webhook_id, due_at, delivery_id) WHERE state = 1;
CREATE INDEX deliveries_created_at_idx ON deliveries (created_at);
CREATE INDEX deliveries_uids_idx ON deliveries USING gin (uids) WHERE uids <> '{}';

-- Deleted users: events that name one may come a little later, so it is looked again until a time.
CREATE TABLE erasures (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL,
    looked_at timestamptz,
    CONSTRAINT erasures_pkey PRIMARY KEY (app_id, uid)
);

-- Since when webhooks are called: what the stream of events still holds from before is nobody's news. One row.
CREATE TABLE beginning (
    began_at timestamptz NOT NULL
);
INSERT INTO beginning (began_at) VALUES (now());

-- Deleted apps whose rows are to be deleted here, or were.
CREATE TABLE removals (
    app_id text COLLATE "C" CONSTRAINT removals_pkey PRIMARY KEY,
    removed_at timestamptz NOT NULL,
    looked_at timestamptz,
    done_at timestamptz
);
