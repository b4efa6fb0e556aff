CREATE TABLE apps (
    app_id text CONSTRAINT apps_pkey PRIMARY KEY,
    name text NOT NULL,
    region text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);

-- The value itself is nowhere in clear: it is found by a keyed hash and kept sealed under a key from outside.
CREATE TABLE api_keys (
    app_id text NOT NULL CONSTRAINT api_keys_app_id_fkey REFERENCES apps ON DELETE CASCADE,
    key_id uuid NOT NULL,
    lookup_hash bytea NOT NULL,
    sealed bytea NOT NULL,
    name text NOT NULL,
    scope smallint NOT NULL CONSTRAINT api_keys_scope_check CHECK (scope IN (1, 2)),
    created_at timestamptz NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (app_id, key_id),
    CONSTRAINT api_keys_lookup_hash_key UNIQUE (app_id, lookup_hash)
);

CREATE TABLE auth_tokens (
    app_id text NOT NULL CONSTRAINT auth_tokens_app_id_fkey REFERENCES apps ON DELETE CASCADE,
    token_id uuid NOT NULL,
    uid text NOT NULL,
    lookup_hash bytea NOT NULL,
    sealed bytea NOT NULL,
    device_id text NOT NULL DEFAULT '',
    platform text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    app_info jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT auth_tokens_pkey PRIMARY KEY (app_id, token_id),
    CONSTRAINT auth_tokens_lookup_hash_key UNIQUE (app_id, lookup_hash)
);

CREATE INDEX auth_tokens_uid_idx ON auth_tokens (app_id, uid, created_at, token_id);

CREATE TABLE operators (
    operator_id uuid CONSTRAINT operators_pkey PRIMARY KEY,
    email text NOT NULL CONSTRAINT operators_email_key UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    role smallint NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
    channels text[] NOT NULL,
    durable boolean NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
