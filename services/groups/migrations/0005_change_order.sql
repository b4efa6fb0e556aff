-- Groups in the order of their last change, for walks by cursor.
CREATE INDEX groups_app_id_changed_at_guid_idx ON groups (app_id, COALESCE(updated_at, created_at), guid);
