-- Users in the order of their last change, for walks by cursor.
CREATE INDEX users_app_id_changed_at_uid_idx ON users (app_id, COALESCE(updated_at, created_at), uid);
