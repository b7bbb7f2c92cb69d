CREATE TABLE IF NOT EXISTS erasure_deliveries_local ON CLUSTER `main` (
    project_id String,
    export_id String,
    kind LowCardinality(String),
    name String,
    replaced_by String,
    status LowCardinality(String) DEFAULT 'open',
    attempts UInt32,
    message String CODEC(ZSTD(3)),
    remains String,
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at,

    CONSTRAINT delivery_named CHECK export_id != '' AND name != '',
    CONSTRAINT status_known CHECK status IN ('open', 'done', 'failed', 'by_hand')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY (project_id, export_id, kind, name)
SETTINGS replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS erasure_deliveries ON CLUSTER `main` AS erasure_deliveries_local
ENGINE = Distributed('main', 'flywheel', 'erasure_deliveries_local', cityHash64(project_id, export_id, kind, name));
