-- Whether the conversation is to be seen although nothing in it is.
ALTER TABLE participants ADD COLUMN opened boolean NOT NULL DEFAULT false;
