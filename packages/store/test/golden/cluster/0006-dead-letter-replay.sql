ALTER TABLE dead_letters_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS trust LowCardinality(String),
    ADD COLUMN IF NOT EXISTS user_hmac String,
    ADD COLUMN IF NOT EXISTS author_hmac String,
    ADD COLUMN IF NOT EXISTS session_hmac String,
    ADD COLUMN IF NOT EXISTS replays UInt32 DEFAULT 0;

ALTER TABLE dead_letters ON CLUSTER `main` ADD COLUMN IF NOT EXISTS trust LowCardinality(String),
    ADD COLUMN IF NOT EXISTS user_hmac String,
    ADD COLUMN IF NOT EXISTS author_hmac String,
    ADD COLUMN IF NOT EXISTS session_hmac String,
    ADD COLUMN IF NOT EXISTS replays UInt32 DEFAULT 0;
