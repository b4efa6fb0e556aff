-- Ids are lower-cased ASCII and compared by bytes (collation "C").
--
-- One row for two users or a group. Its lock is what makes sequence numbers dense and message ids ascending, so it
-- is updated by every batch of messages: half-empty pages and no index on a changing column keep updates in the page.
CREATE TABLE conversations (
    app_id text COLLATE "C" NOT NULL,
    conversation_id bigint GENERATED ALWAYS AS IDENTITY,
    -- `u:{uid}:{uid}` with the uids ascending, or `g:{guid}`. Of a deleted group: `x:g:{guid}:{conversation_id}`.
    conversation_key text COLLATE "C" NOT NULL,
    last_sequence bigint NOT NULL DEFAULT 0,
    last_message_id bigint NOT NULL DEFAULT 0,
    last_message_at timestamptz,
    -- Messages so far that raise the unread count.
    counted_total bigint NOT NULL DEFAULT 0,
    -- Up to here messages were imported, or stand before imported ones: they count as read.
    history_sequence bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT conversations_pkey PRIMARY KEY (app_id, conversation_id),
    CONSTRAINT conversations_app_id_conversation_key_key UNIQUE (app_id, conversation_key)
) WITH (fillfactor = 50);
