-- Each put of a recipe is a row here, never replaced; recipes holds the one in force, and an empty hash where it was deleted.
CREATE TABLE IF NOT EXISTS recipe_versions
(
    project_id String,
    name String,
    hash String,
    body String CODEC(ZSTD(3)),
    key_id String,
    created_at DateTime64(3, 'UTC'),

    CONSTRAINT version_named CHECK name != '' AND hash != ''
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, name, created_at, hash)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE recipes MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
