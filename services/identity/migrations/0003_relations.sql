-- A friendship is two rows, one for each side.
CREATE TABLE friends (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    friend_uid text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT friends_pkey PRIMARY KEY (app_id, uid, friend_uid),
    CONSTRAINT friends_app_id_uid_fkey FOREIGN KEY (app_id, uid) REFERENCES users (app_id, uid) ON DELETE CASCADE
);

CREATE TABLE blocks (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    blocked_uid text COLLATE "C" NOT NULL,
    blocked_at timestamptz NOT NULL,
    CONSTRAINT blocks_pkey PRIMARY KEY (app_id, uid, blocked_uid),
    CONSTRAINT blocks_app_id_uid_fkey
        FOREIGN KEY (app_id, uid) REFERENCES users (app_id, uid) ON DELETE CASCADE,
    CONSTRAINT blocks_app_id_blocked_uid_fkey
        FOREIGN KEY (app_id, blocked_uid) REFERENCES users (app_id, uid) ON DELETE CASCADE
);

CREATE INDEX blocks_app_id_blocked_uid_uid_idx ON blocks (app_id, blocked_uid, uid);
