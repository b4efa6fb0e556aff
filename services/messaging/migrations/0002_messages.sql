-- One for all apps, so that an id says nothing of how much another app writes. Taken while the conversation is
-- locked, so that within a conversation ids have the order of sequence numbers; therefore never cached by a session.
CREATE SEQUENCE message_ids AS bigint CACHE 1;

CREATE TABLE messages (
    app_id text COLLATE "C" NOT NULL,
    conversation_id bigint NOT NULL,
    -- Dense within the conversation, from 1.
    sequence bigint NOT NULL,
    message_id bigint NOT NULL,
    sender_uid text COLLATE "C" NOT NULL,
    -- As in the contract: 1 message, 2 custom, 3 interactive, 4 action, 5 call.
    category smallint NOT NULL,
    type text NOT NULL,
    -- JSON text as the sender gave it. Not jsonb, which would reorder keys and print 1e300 as 301 digits.
    data json NOT NULL,
    muid text COLLATE "C",
    tags text[] NOT NULL DEFAULT '{}',
    parent_id bigint,
    reply_count integer NOT NULL DEFAULT 0,
    quoted_message_id bigint,
    -- The user an action was done to.
    action_on_uid text COLLATE "C",
    -- Whether it raises the unread count, and how many messages up to this one do.
    counted boolean NOT NULL,
    counted_position bigint NOT NULL,
    sent_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    edited_at timestamptz,
    edited_by text COLLATE "C",
    deleted_at timestamptz,
    deleted_by text COLLATE "C",
    -- Only of imported messages: times that the importer gave. Others have the receiver's watermark.
    delivered_at timestamptz,
    read_at timestamptz,
    device_id text NOT NULL DEFAULT '',
    CONSTRAINT messages_pkey PRIMARY KEY (app_id, conversation_id, sequence),
    CONSTRAINT messages_category_check CHECK (category BETWEEN 1 AND 5)
);

CREATE UNIQUE INDEX messages_app_id_message_id_idx ON messages (app_id, message_id);
CREATE UNIQUE INDEX messages_app_id_muid_sender_uid_idx ON messages (app_id, muid, sender_uid) WHERE muid IS NOT NULL;
-- Pages from a message id, in one conversation or in all of a user's.
CREATE INDEX messages_app_id_conversation_id_message_id_idx ON messages (app_id, conversation_id, message_id);
-- A member's own messages don't count as unread.
CREATE INDEX messages_app_id_conversation_id_sender_uid_sequence_idx
    ON messages (app_id, conversation_id, sender_uid, sequence);
CREATE INDEX messages_app_id_parent_id_message_id_idx ON messages (app_id, parent_id, message_id)
    WHERE parent_id IS NOT NULL;
