-- A list of messages with reactions reads these rows instead of every message. An index on `messages` would be moved by every
-- reaction, and with it all of that table's others.
ALTER TABLE reaction_counts ADD COLUMN conversation_id bigint;
UPDATE reaction_counts AS c
SET conversation_id = m.conversation_id
FROM messages AS m
WHERE m.app_id = c.app_id AND m.message_id = c.message_id;
ALTER TABLE reaction_counts ALTER COLUMN conversation_id SET NOT NULL;
CREATE INDEX reaction_counts_app_id_conversation_id_message_id_idx
    ON reaction_counts (app_id, conversation_id, message_id);
