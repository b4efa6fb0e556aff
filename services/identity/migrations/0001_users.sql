-- Ids are lower-cased ASCII and compared by bytes (collation "C"), so that a prefix is a range of an index
-- whatever the database's locale. An empty text means "not set".
CREATE TABLE users (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    name text NOT NULL,
    -- The name in Unicode lower case, made by the service: what searches and sorts read.
    name_folded text COLLATE "C" NOT NULL,
    avatar text NOT NULL DEFAULT '',
    link text NOT NULL DEFAULT '',
    role text COLLATE "C" NOT NULL,
    status_message text NOT NULL DEFAULT '',
    -- JSON text as the client wrote it; nothing searches inside it.
    metadata text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    last_active_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    deactivated_at timestamptz,
    CONSTRAINT users_pkey PRIMARY KEY (app_id, uid)
) WITH (fillfactor = 85);

CREATE INDEX users_app_id_name_folded_uid_idx ON users (app_id, name_folded, uid);
CREATE INDEX users_app_id_created_at_uid_idx ON users (app_id, created_at, uid);
CREATE INDEX users_app_id_role_uid_idx ON users (app_id, role, uid);
CREATE INDEX users_tags_idx ON users USING gin (tags);
