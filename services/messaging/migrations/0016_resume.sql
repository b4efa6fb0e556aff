-- Which transaction wrote a row last, so that a client can be told exactly what was committed since an earlier snapshot of
-- the database, however late a commit came. Without a value: from before there was this column.
ALTER TABLE conversations ADD COLUMN changed xid8;
ALTER TABLE conversations ALTER COLUMN changed SET DEFAULT pg_current_xact_id();
ALTER TABLE participants ADD COLUMN changed xid8;
ALTER TABLE participants ALTER COLUMN changed SET DEFAULT pg_current_xact_id();
-- Of messages the storing and a later change are two things: what is stored later has a higher sequence number, what
-- changes later may stand anywhere.
ALTER TABLE messages ADD COLUMN stored xid8, ADD COLUMN changed xid8;
ALTER TABLE messages ALTER COLUMN stored SET DEFAULT pg_current_xact_id();
CREATE INDEX messages_app_id_conversation_id_changed_idx ON messages (app_id, conversation_id, changed)
    WHERE changed IS NOT NULL;

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
-- What clients see of a message moves this time; counting replies or indexing does not.
CREATE TRIGGER messages_changed BEFORE UPDATE ON messages
    FOR EACH ROW WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at) EXECUTE FUNCTION mark_changed();
