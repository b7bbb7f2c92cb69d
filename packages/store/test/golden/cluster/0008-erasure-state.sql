ALTER TABLE erasures_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS subject_key String,
    ADD COLUMN IF NOT EXISTS target_keys Array(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) DEFAULT 'hidden',
    ADD COLUMN IF NOT EXISTS reason String,
    ADD COLUMN IF NOT EXISTS log_id String,
    ADD COLUMN IF NOT EXISTS log_ends Array(UInt64),
    ADD COLUMN IF NOT EXISTS counts Map(LowCardinality(String), UInt64),
    ADD COLUMN IF NOT EXISTS deleted_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00',
    ADD COLUMN IF NOT EXISTS horizon_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00';

ALTER TABLE erasures ON CLUSTER `main` ADD COLUMN IF NOT EXISTS subject_key String,
    ADD COLUMN IF NOT EXISTS target_keys Array(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) DEFAULT 'hidden',
    ADD COLUMN IF NOT EXISTS reason String,
    ADD COLUMN IF NOT EXISTS log_id String,
    ADD COLUMN IF NOT EXISTS log_ends Array(UInt64),
    ADD COLUMN IF NOT EXISTS counts Map(LowCardinality(String), UInt64),
    ADD COLUMN IF NOT EXISTS deleted_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00',
    ADD COLUMN IF NOT EXISTS horizon_at DateTime64(3, 'UTC') DEFAULT '2000-01-01 00:00:00';

CREATE TABLE IF NOT EXISTS export_recipients_local ON CLUSTER `main` (
    project_id String,
    export_id String,
    recipient String,
    note String,
    created_at DateTime64(3, 'UTC'),

    CONSTRAINT recipient_named CHECK export_id != '' AND recipient != ''
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, export_id, recipient)
SETTINGS replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS export_recipients ON CLUSTER `main` AS export_recipients_local
ENGINE = Distributed('main', 'flywheel', 'export_recipients_local', cityHash64(project_id, export_id, recipient));
