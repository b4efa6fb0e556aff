-- Messages that have had replies. The number of replies stands in the parent's own row.
CREATE TABLE threads (
    app_id text COLLATE "C" NOT NULL,
    parent_id bigint NOT NULL,
    conversation_id bigint NOT NULL,
    -- When the newest reply came. Moves only while the conversation is locked.
    updated_at timestamptz NOT NULL,
    CONSTRAINT threads_pkey PRIMARY KEY (app_id, parent_id)
) WITH (fillfactor = 80);
CREATE INDEX threads_app_id_conversation_id_updated_at_parent_id_idx
    ON threads (app_id, conversation_id, updated_at, parent_id);
CREATE INDEX threads_app_id_updated_at_parent_id_idx ON threads (app_id, updated_at, parent_id);
INSERT INTO threads (app_id, parent_id, conversation_id, updated_at)
SELECT app_id, parent_id, conversation_id, max(sent_at)
FROM messages
WHERE parent_id IS NOT NULL
GROUP BY app_id, parent_id, conversation_id;

-- What a user has to do with a thread. Who wrote its parent takes part in it without a row.
CREATE TABLE thread_members (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    parent_id bigint NOT NULL,
    -- Has replied.
    participates boolean NOT NULL,
    subscribed boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT thread_members_pkey PRIMARY KEY (app_id, uid, parent_id)
);
CREATE INDEX thread_members_app_id_parent_id_idx ON thread_members (app_id, parent_id);
INSERT INTO thread_members (app_id, uid, parent_id, participates, subscribed)
SELECT app_id, sender_uid, parent_id, true, true
FROM messages
WHERE parent_id IS NOT NULL AND sender_uid <> 'app_system'
GROUP BY app_id, sender_uid, parent_id;
INSERT INTO thread_members (app_id, uid, parent_id, participates, subscribed)
SELECT m.app_id, m.sender_uid, m.message_id, false, true
FROM threads AS t
JOIN messages AS m ON m.app_id = t.app_id AND m.message_id = t.parent_id
WHERE m.sender_uid <> 'app_system'
ON CONFLICT (app_id, uid, parent_id) DO NOTHING;

-- When users first used which elements of interactive messages.
CREATE TABLE interactions (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    uid text COLLATE "C" NOT NULL,
    element_id text COLLATE "C" NOT NULL,
    interacted_at timestamptz NOT NULL,
    CONSTRAINT interactions_pkey PRIMARY KEY (app_id, message_id, uid, element_id)
);
CREATE INDEX interactions_app_id_uid_idx ON interactions (app_id, uid);

-- Conversations that users pinned for themselves, by stored key: one may be pinned before it has a message.
CREATE TABLE conversation_pins (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    conversation_key text COLLATE "C" NOT NULL,
    pinned_at timestamptz NOT NULL,
    CONSTRAINT conversation_pins_pkey PRIMARY KEY (app_id, uid, conversation_key)
);
CREATE INDEX conversation_pins_app_id_conversation_key_idx ON conversation_pins (app_id, conversation_key);

-- The other sides of the conversations that an app pinned for all its users, in the order in which they are shown.
CREATE TABLE system_pins (
    app_id text COLLATE "C" NOT NULL,
    -- As in the contract: 1 user, 2 group.
    with_type smallint NOT NULL,
    with_id text COLLATE "C" NOT NULL,
    position smallint NOT NULL,
    pinned_at timestamptz NOT NULL,
    CONSTRAINT system_pins_pkey PRIMARY KEY (app_id, with_type, with_id),
    CONSTRAINT system_pins_with_type_check CHECK (with_type BETWEEN 1 AND 2)
);
