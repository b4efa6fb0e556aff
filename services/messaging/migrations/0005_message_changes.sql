ALTER TABLE messages
    -- The message an action was done to.
    ADD COLUMN action_on_message_id bigint,
    -- Deleted for good: the row is left so that sequence numbers have no hole.
    ADD COLUMN erased boolean NOT NULL DEFAULT false,
    ADD COLUMN reaction_total integer NOT NULL DEFAULT 0;

-- The newest message that is not the action of an edit or a deletion: such an action is no news in a list of
-- conversations.
ALTER TABLE conversations
    ADD COLUMN preview_sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN preview_message_id bigint NOT NULL DEFAULT 0;
UPDATE conversations SET preview_sequence = last_sequence, preview_message_id = last_message_id;

CREATE TABLE reactions (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    reaction text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    -- Drawn while the message's conversation is locked, so within a message ids have the order of commits.
    reaction_id bigint GENERATED ALWAYS AS IDENTITY,
    reacted_at timestamptz NOT NULL,
    CONSTRAINT reactions_pkey PRIMARY KEY (app_id, message_id, reaction, uid)
);
CREATE INDEX reactions_app_id_message_id_reaction_id_idx ON reactions (app_id, message_id, reaction_id);
CREATE INDEX reactions_app_id_message_id_reaction_reaction_id_idx
    ON reactions (app_id, message_id, reaction, reaction_id);

-- A page of messages reads these rather than every member's reaction. There is no row for what nobody reacts with.
CREATE TABLE reaction_counts (
    app_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    reaction text COLLATE "C" NOT NULL,
    count integer NOT NULL,
    first_reaction_id bigint NOT NULL,
    CONSTRAINT reaction_counts_pkey PRIMARY KEY (app_id, message_id, reaction)
);
