ALTER TABLE messages
    ADD COLUMN pinned_at timestamptz,
    ADD COLUMN pinned_by text COLLATE "C";
CREATE INDEX messages_app_id_conversation_id_message_id_pinned_idx ON messages (app_id, conversation_id, message_id)
    WHERE pinned_at IS NOT NULL;

-- Messages that users keep for themselves.
CREATE TABLE saves (
    app_id text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    saved_at timestamptz NOT NULL,
    CONSTRAINT saves_pkey PRIMARY KEY (app_id, uid, message_id)
);
CREATE INDEX saves_app_id_message_id_idx ON saves (app_id, message_id);
