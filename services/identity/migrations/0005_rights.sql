-- What the users of a role may do, where it differs from the default of the permission.
CREATE TABLE role_permissions (
    app_id text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    permission text COLLATE "C" NOT NULL,
    -- Of a permission that holds a word; otherwise empty.
    word text NOT NULL,
    -- Of a permission that holds a list.
    list text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (app_id, role, permission),
    CONSTRAINT role_permissions_app_id_role_fkey
        FOREIGN KEY (app_id, role) REFERENCES roles (app_id, role) ON DELETE CASCADE
);

-- What the users of a role may not call.
CREATE TABLE restricted_features (
    app_id text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT restricted_features_pkey PRIMARY KEY (app_id, role, key),
    CONSTRAINT restricted_features_app_id_role_fkey
        FOREIGN KEY (app_id, role) REFERENCES roles (app_id, role) ON DELETE CASCADE
);
