-- What a message can be found by: its words and what else is asked for, as `domain::terms` makes them. Lexemes begin with
-- a few signs that stand for the app, so that a word that is rare in one app and common in another costs nothing. They
-- come from the service rather than from to_tsvector, whose words and lower case depend on the database's locale, and
-- need no extension. Null when there is nothing to find: actions, calls, what is deleted.
ALTER TABLE messages
    ADD COLUMN terms tsvector,
    -- Whether `terms` and `mentions` hold what they should: what is older than they are is made up for in the background.
    ADD COLUMN indexed boolean NOT NULL DEFAULT false;

-- Lexemes as the service makes them, and the stretch of 16,384 ids that the message lies in: a search goes through the
-- index by stretches, newest first.
CREATE FUNCTION message_terms(terms text, message_id bigint) RETURNS tsvector
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT (terms || (message_id >> 14)::text)::tsvector $$;

-- New entries are gathered and sorted in; a small list of them keeps both that and the searches that read it short.
CREATE INDEX messages_terms_idx ON messages USING gin (terms) WITH (gin_pending_list_limit = 512)
    WHERE terms IS NOT NULL;
CREATE INDEX messages_app_id_message_id_unindexed_idx ON messages (app_id, message_id) WHERE NOT indexed;

-- Mentions of others in messages that raise the unread count: to count those that are unread.
CREATE TABLE mentions (
    app_id text COLLATE "C" NOT NULL,
    conversation_id bigint NOT NULL,
    sequence bigint NOT NULL,
    uid text COLLATE "C" NOT NULL,
    CONSTRAINT mentions_pkey PRIMARY KEY (app_id, conversation_id, sequence, uid)
);
CREATE INDEX mentions_app_id_uid_conversation_id_sequence_idx ON mentions (app_id, uid, conversation_id, sequence);
