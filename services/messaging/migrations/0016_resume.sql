-- Which transaction wrote a row last, so that a client can be told exactly what was committed since an earlier snapshot of
-- the database, however late a commit came. Without a value: from before there was this column.
ALTER TABLE conversations ADD COLUMN changed xid8;
ALTER TABLE conversations ALTER COLUMN changed SET DEFAULT pg_current_xact_id();
ALTER TABLE participants ADD COLUMN changed xid8;
ALTER TABLE participants ALTER COLUMN changed SET DEFAULT pg_current_xact_id();
-- Of messages the storing and a later change are two things: what is stored later has a higher sequence number, what
-- changes later may stand anywhere. Changes have a table of their own: a column under an index would make each reaction
-- write all the indexes of messages.
ALTER TABLE messages ADD COLUMN stored xid8;
ALTER TABLE messages ALTER COLUMN stored SET DEFAULT pg_current_xact_id();
CREATE TABLE message_changes (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    conversation_id bigint NOT NULL,
    changed xid8 NOT NULL,
    CONSTRAINT message_changes_pkey PRIMARY KEY (app_id, message_id)
);
CREATE INDEX message_changes_app_id_conversation_id_changed_idx ON message_changes (app_id, conversation_id, changed);

CREATE FUNCTION mark_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.changed := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER participants_changed BEFORE UPDATE ON participants
    FOR EACH ROW EXECUTE FUNCTION mark_changed();
CREATE FUNCTION note_message_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO message_changes (app_id, message_id, conversation_id, changed)
    VALUES (NEW.app_id, NEW.message_id, NEW.conversation_id, pg_current_xact_id())
    ON CONFLICT (app_id, message_id) DO UPDATE SET changed = EXCLUDED.changed;
    RETURN NULL;
END
$$;
-- What clients see of a message moves this time; counting replies or indexing does not.
CREATE TRIGGER messages_changed AFTER UPDATE ON messages
    FOR EACH ROW WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at) EXECUTE FUNCTION note_message_change();
