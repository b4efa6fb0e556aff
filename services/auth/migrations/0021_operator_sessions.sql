-- Sessions of operators. The token has 256 random bits and is kept as a keyed hash.
CREATE TABLE operator_sessions (
    session_id uuid CONSTRAINT operator_sessions_pkey PRIMARY KEY,
    operator_id uuid NOT NULL
        CONSTRAINT operator_sessions_operator_id_fkey REFERENCES operators ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT operator_sessions_token_hash_key UNIQUE,
    created_at timestamptz NOT NULL,
    -- Written now and then, not with every call.
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX operator_sessions_operator_id_idx ON operator_sessions (operator_id, created_at);
CREATE INDEX operator_sessions_expires_at_idx ON operator_sessions (expires_at);

-- Wrong passwords by address, whether there is an operator of it or not; a keyed hash, since anybody can name anything.
CREATE TABLE operator_tries (
    address_hash bytea CONSTRAINT operator_tries_pkey PRIMARY KEY,
    failures integer NOT NULL,
    tried_at timestamptz NOT NULL
);
CREATE INDEX operator_tries_tried_at_idx ON operator_tries (tried_at);

-- What operators did. Rows outlive the operator, so its name is kept as it was.
CREATE TABLE operator_actions (
    action_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT operator_actions_pkey PRIMARY KEY,
    operator_id uuid NOT NULL,
    operator_name text NOT NULL,
    operator_email text NOT NULL,
    -- Null: in no app that the operator had a role in.
    app_id text,
    operation text NOT NULL,
    parameters jsonb NOT NULL,
    -- The HTTP status; null: not ended, or by a crash.
    status smallint,
    created_at timestamptz NOT NULL
);
CREATE INDEX operator_actions_app_id_idx ON operator_actions (app_id, action_id) WHERE app_id IS NOT NULL;
CREATE INDEX operator_actions_operator_id_idx ON operator_actions (operator_id, action_id);
CREATE INDEX operator_actions_created_at_idx ON operator_actions (created_at);
