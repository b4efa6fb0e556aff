-- Users in whose name the app's server side sends.
ALTER TABLE users ADD COLUMN bot boolean NOT NULL DEFAULT false;
CREATE INDEX users_app_id_uid_bot_idx ON users (app_id, uid) WHERE bot;
