-- A user's place in a conversation. Nothing here is written once per message and member.
CREATE TABLE participants (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    conversation_id bigint NOT NULL,
    -- The conversation's last sequence when the user came in: what is older counts as read.
    joined_sequence bigint NOT NULL DEFAULT 0,
    -- Watermarks of receipts. They only move forward.
    read_sequence bigint NOT NULL DEFAULT 0,
    read_message_id bigint NOT NULL DEFAULT 0,
    read_at timestamptz,
    delivered_sequence bigint NOT NULL DEFAULT 0,
    delivered_message_id bigint NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    -- Where the user marked the conversation unread, until read again past what was read: counting begins after it.
    unread_sequence bigint,
    unread_message_id bigint,
    tags text[] NOT NULL DEFAULT '{}',
    left_at timestamptz,
    -- When the last membership change that is stored here took place; an older one that comes late changes nothing.
    membership_at timestamptz,
    -- What is not newer is hidden from this user.
    hidden_before_sequence bigint NOT NULL DEFAULT 0,
    CONSTRAINT participants_pkey PRIMARY KEY (app_id, uid, conversation_id),
    CONSTRAINT participants_app_id_conversation_id_fkey
        FOREIGN KEY (app_id, conversation_id) REFERENCES conversations (app_id, conversation_id) ON DELETE CASCADE
) WITH (fillfactor = 80);

CREATE INDEX participants_app_id_conversation_id_idx ON participants (app_id, conversation_id);
