-- Ids are lower-cased ASCII and compared by bytes (collation "C"), so that a prefix is a range of an index
-- whatever the database's locale. An empty text means "not set".
-- Types: 1 public, 2 password, 3 private.
CREATE TABLE groups (
    app_id text COLLATE "C" NOT NULL,
    guid text COLLATE "C" NOT NULL,
    name text NOT NULL,
    -- The name in Unicode lower case, made by the service: what searches and sorts read.
    name_folded text COLLATE "C" NOT NULL,
    type smallint NOT NULL,
    -- Argon2id, as a PHC string.
    password_hash text,
    description text NOT NULL DEFAULT '',
    icon text NOT NULL DEFAULT '',
    owner text COLLATE "C" NOT NULL,
    -- JSON text as the client wrote it; nothing searches inside it.
    metadata text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    -- Rows of `members`, kept by whoever changes them in the same transaction, under the lock of this row.
    members_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    -- False for a group that was imported without a time: then it begins with the earliest of its imported members.
    created_at_known boolean NOT NULL DEFAULT true,
    updated_at timestamptz,
    updated_by text NOT NULL DEFAULT '',
    CONSTRAINT groups_pkey PRIMARY KEY (app_id, guid),
    CONSTRAINT groups_type_check CHECK (type BETWEEN 1 AND 3),
    CONSTRAINT groups_password_hash_check CHECK ((type = 2) = (password_hash IS NOT NULL)),
    CONSTRAINT groups_members_count_check CHECK (members_count >= 0)
) WITH (fillfactor = 85);

CREATE INDEX groups_app_id_name_folded_guid_idx ON groups (app_id, name_folded, guid);
CREATE INDEX groups_app_id_created_at_guid_idx ON groups (app_id, created_at, guid);
CREATE INDEX groups_app_id_owner_idx ON groups (app_id, owner);
CREATE INDEX groups_tags_idx ON groups USING gin (tags);
