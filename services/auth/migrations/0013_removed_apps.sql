-- An app that was deleted for good leaves its row, emptied: no other app gets its id, and the other services learn from it
-- what to delete.
ALTER TABLE apps ADD COLUMN removed_at timestamptz;
CREATE INDEX apps_removed_at_idx ON apps (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX apps_scheduled_to_delete_at_idx ON apps (scheduled_to_delete_at)
    WHERE archived_at IS NOT NULL AND removed_at IS NULL;
