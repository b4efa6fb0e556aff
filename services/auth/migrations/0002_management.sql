ALTER TABLE operators
    -- For clients that expect a small number.
    ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;

ALTER TABLE apps
    -- Who made it; apps that a command made have none.
    ADD COLUMN owner_id uuid CONSTRAINT apps_owner_id_fkey REFERENCES operators,
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN scheduled_to_delete_at timestamptz;

-- The secret has 160 random bits and is kept as a keyed hash.
CREATE TABLE management_keys (
    management_key text CONSTRAINT management_keys_pkey PRIMARY KEY,
    secret_hash bytea NOT NULL,
    operator_id uuid NOT NULL
        CONSTRAINT management_keys_operator_id_fkey REFERENCES operators ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);

CREATE TABLE collaborators (
    app_id text NOT NULL CONSTRAINT collaborators_app_id_fkey REFERENCES apps ON DELETE CASCADE,
    operator_id uuid NOT NULL
        CONSTRAINT collaborators_operator_id_fkey REFERENCES operators ON DELETE CASCADE,
    -- As the contract numbers them: 2 admin, 3 moderator, 4 developer.
    role smallint NOT NULL CONSTRAINT collaborators_role_check CHECK (role IN (2, 3, 4)),
    created_at timestamptz NOT NULL,
    CONSTRAINT collaborators_pkey PRIMARY KEY (app_id, operator_id)
);
CREATE INDEX collaborators_operator_id_idx ON collaborators (operator_id);
CREATE INDEX apps_owner_id_idx ON apps (owner_id);

CREATE TABLE webhooks (
    app_id text NOT NULL CONSTRAINT webhooks_app_id_fkey REFERENCES apps ON DELETE CASCADE,
    webhook_id text NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    use_basic_auth boolean NOT NULL,
    username text NOT NULL,
    -- Sealed, since a delivery has to send it.
    sealed_password bytea,
    enabled boolean NOT NULL,
    retry_on_failure boolean NOT NULL,
    version smallint NOT NULL CONSTRAINT webhooks_version_check CHECK (version IN (1, 2)),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (app_id, webhook_id)
);

CREATE TABLE webhook_triggers (
    app_id text NOT NULL,
    webhook_id text NOT NULL,
    trigger_id text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT webhook_triggers_pkey PRIMARY KEY (app_id, webhook_id, trigger_id),
    CONSTRAINT webhook_triggers_webhook_fkey
        FOREIGN KEY (app_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE
);

-- A push token is its device's: it goes with the auth token.
CREATE TABLE push_tokens (
    app_id text NOT NULL,
    token_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT push_tokens_kind_check CHECK (kind IN ('chat', 'voip')),
    uid text NOT NULL,
    lookup_hash bytea NOT NULL,
    sealed bytea NOT NULL,
    platform text NOT NULL,
    provider_id text NOT NULL,
    timezone text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT push_tokens_pkey PRIMARY KEY (app_id, token_id, kind),
    CONSTRAINT push_tokens_auth_token_fkey
        FOREIGN KEY (app_id, token_id) REFERENCES auth_tokens ON DELETE CASCADE,
    CONSTRAINT push_tokens_lookup_hash_key UNIQUE (app_id, lookup_hash)
);
CREATE INDEX push_tokens_uid_idx ON push_tokens (app_id, uid, updated_at);
