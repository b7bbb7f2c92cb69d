CREATE TABLE IF NOT EXISTS recipe_versions_local ON CLUSTER `main` (
    project_id String,
    name String,
    hash String,
    body String CODEC(ZSTD(3)),
    key_id String,
    created_at DateTime64(3, 'UTC'),

    CONSTRAINT version_named CHECK name != '' AND hash != ''
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, name, created_at, hash)
SETTINGS replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS recipe_versions ON CLUSTER `main` AS recipe_versions_local
ENGINE = Distributed('main', 'flywheel', 'recipe_versions_local', cityHash64(project_id, name, created_at, hash));

ALTER TABLE recipes_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
