-- As in the contract: 6 is a card. Every row kept to the narrower check, so there is nothing to look through.
ALTER TABLE messages
    DROP CONSTRAINT messages_category_check,
    ADD CONSTRAINT messages_category_check CHECK (category BETWEEN 1 AND 6) NOT VALID;
