-- What erasures look after besides messages: every trace of a deleted user.
ALTER TABLE erasures
    -- Of a direct conversation that was put aside with a deleted user: whose traces go with the messages.
    ADD COLUMN departed_uid text COLLATE "C",
    -- Of a user everywhere: which kind of traces is looked after now.
    ADD COLUMN stage smallint NOT NULL DEFAULT 0;

-- Actions that were done to a user.
CREATE INDEX messages_app_id_action_on_uid_conversation_id_idx
    ON messages (app_id, action_on_uid, conversation_id, sequence) WHERE action_on_uid IS NOT NULL;
-- Reports by a user.
CREATE INDEX message_flags_app_id_uid_message_id_idx ON message_flags (app_id, uid, message_id);

-- Files of erased messages, until who keeps files has removed them.
CREATE TABLE erased_files (
    app_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT erased_files_pkey PRIMARY KEY (app_id, name)
);
CREATE INDEX erased_files_erased_at_idx ON erased_files (erased_at);

-- Messages with files are found by the names of these now, so that a file that was passed on stays: in the background.
UPDATE messages SET indexed = false
WHERE indexed AND NOT erased AND deleted_at IS NULL AND category <= 3 AND data::text LIKE '%/media/%';
