-- What the members of a group may do by their scope, where it differs from the default of the permission. Written under
-- the lock of the group's row; goes with the group.
CREATE TABLE scope_permissions (
    app_id text COLLATE "C" NOT NULL,
    guid text COLLATE "C" NOT NULL,
    scope smallint NOT NULL,
    permission text COLLATE "C" NOT NULL,
    -- Of a permission that holds a word; otherwise empty.
    word text NOT NULL,
    -- Of a permission that holds a list.
    list text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT scope_permissions_pkey PRIMARY KEY (app_id, guid, scope, permission),
    CONSTRAINT scope_permissions_scope_check CHECK (scope BETWEEN 1 AND 3),
    CONSTRAINT scope_permissions_app_id_guid_fkey
        FOREIGN KEY (app_id, guid) REFERENCES groups (app_id, guid) ON DELETE CASCADE
);
