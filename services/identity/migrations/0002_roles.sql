-- Relation filters: 1 all, 2 friends only; 0 not set, which is read as all.
CREATE TABLE roles (
    app_id text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    metadata text NOT NULL DEFAULT '',
    list_users smallint NOT NULL DEFAULT 0,
    send_messages_to smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CONSTRAINT roles_pkey PRIMARY KEY (app_id, role),
    CONSTRAINT roles_list_users_check CHECK (list_users BETWEEN 0 AND 2),
    CONSTRAINT roles_send_messages_to_check CHECK (send_messages_to BETWEEN 0 AND 2)
);
