-- How far an erasure has come. subject_key and target_keys are SipHash-2-4 under a key of the project, which ClickHouse
-- computes itself: a sweep after a restart finds rows by them, and the subject's name stands nowhere.
ALTER TABLE erasures ADD COLUMN IF NOT EXISTS subject_key String,
    ADD COLUMN IF NOT EXISTS target_keys Array(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) DEFAULT 'hidden',
    ADD COLUMN IF NOT EXISTS reason String,
    ADD COLUMN IF NOT EXISTS log_id String,
    ADD COLUMN IF NOT EXISTS log_ends Array(UInt64),
    ADD COLUMN IF NOT EXISTS counts Map(LowCardinality(String), UInt64),
    ADD COLUMN IF NOT EXISTS deleted_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00',
    ADD COLUMN IF NOT EXISTS horizon_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00';
-- Whom an export was given to: an erasure export names them.
CREATE TABLE IF NOT EXISTS export_recipients
(
    project_id String,
    export_id String,
    recipient String,
    note String,
    created_at DateTime64(3, 'UTC'),

    CONSTRAINT recipient_named CHECK export_id != '' AND recipient != ''
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, export_id, recipient)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
