-- Scopes: 1 participant, 2 moderator, 3 admin. A user is a member, or banned, or neither.
-- No foreign keys: rows come and go under the lock of their group's row, which finds out whether there is a group, and
-- a check for each row would take most of the time of an import.
CREATE TABLE members (
    app_id text COLLATE "C" NOT NULL,
    guid text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    scope smallint NOT NULL,
    joined_at timestamptz NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (app_id, guid, uid),
    CONSTRAINT members_scope_check CHECK (scope BETWEEN 1 AND 3)
);

CREATE INDEX members_app_id_uid_guid_idx ON members (app_id, uid, guid);

CREATE TABLE bans (
    app_id text COLLATE "C" NOT NULL,
    guid text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    banned_at timestamptz NOT NULL,
    CONSTRAINT bans_pkey PRIMARY KEY (app_id, guid, uid)
);

CREATE INDEX bans_app_id_uid_guid_idx ON bans (app_id, uid, guid);
