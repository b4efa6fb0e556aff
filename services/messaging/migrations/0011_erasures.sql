-- What is deleted for good in the background, a part of it at a time: rows go when they are done.
CREATE TABLE erasures (
    erasure_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT erasures_pkey PRIMARY KEY,
    app_id text COLLATE "C" NOT NULL,
    -- Whose messages; null: everybody's.
    uid text COLLATE "C",
    -- Where; null: everywhere, and the user's reactions, too.
    conversation_id bigint,
    -- What is younger stays: by its time, and by its id, which an import with times of its own does not choose.
    until timestamptz NOT NULL,
    until_message_id bigint NOT NULL,
    -- How far it is: the group conversations that were looked through, or the messages of the one conversation.
    at_key text COLLATE "C" NOT NULL DEFAULT '',
    at_sequence bigint NOT NULL DEFAULT 0,
    CONSTRAINT erasures_check CHECK (uid IS NOT NULL OR conversation_id IS NOT NULL)
);
CREATE INDEX erasures_app_id_idx ON erasures (app_id);

-- A user's reactions, when the user is deleted.
CREATE INDEX reactions_app_id_uid_reaction_id_idx ON reactions (app_id, uid, reaction_id);

ALTER TABLE participants
    -- The user deleted the conversation and keeps it in the list, where it was.
    ADD COLUMN keeps_place boolean NOT NULL DEFAULT false;
