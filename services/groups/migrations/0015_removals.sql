-- Apps that were deleted for good, and whether everything here of them is.
CREATE TABLE removals (
    app_id text COLLATE "C" CONSTRAINT removals_pkey PRIMARY KEY,
    removed_at timestamptz NOT NULL,
    looked_at timestamptz,
    done_at timestamptz
);
