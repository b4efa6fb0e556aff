-- The muid first: one that begins with the app is no better to the planner than any other that does, as long as it knows
-- nothing of a young table, and each batch of messages would read all of the app's.
CREATE UNIQUE INDEX messages_muid_sender_uid_app_id_idx ON messages (muid, sender_uid, app_id) WHERE muid IS NOT NULL;
DROP INDEX messages_app_id_muid_sender_uid_idx;
