-- What a replay needs beside the bytes: who vouched for the line, whose it is, and how often it was tried.
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS trust LowCardinality(String),
    ADD COLUMN IF NOT EXISTS user_hmac String,
    ADD COLUMN IF NOT EXISTS author_hmac String,
    ADD COLUMN IF NOT EXISTS session_hmac String,
    ADD COLUMN IF NOT EXISTS replays UInt32 DEFAULT 0;
