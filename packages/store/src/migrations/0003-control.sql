-- Control data as versioned rows: the latest updated_at wins, nothing is updated in place.

CREATE TABLE IF NOT EXISTS projects
(
    id String,
    name String,
    row_key_sealed String,
    body_retention_days UInt32,
    row_retention_days UInt32,
    consent Map(LowCardinality(String), LowCardinality(String)),
    consent_basis String,
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS keys
(
    id String,
    project_id String,
    kind LowCardinality(String),
    name String,
    secret_hash String,
    ticket_key_sealed String,
    scopes Array(LowCardinality(String)),
    origins Array(String),
    status LowCardinality(String),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at,
    verifies_until DateTime64(3, 'UTC') DEFAULT '2100-01-01 00:00:00',

    CONSTRAINT kind_known CHECK kind IN ('sk', 'pk'),
    CONSTRAINT status_known CHECK status IN ('active', 'retired', 'revoked')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS exports
(
    project_id String,
    id String,
    parent String,
    kind LowCardinality(String) DEFAULT 'full',
    status LowCardinality(String) DEFAULT 'published',
    watermark DateTime64(3, 'UTC'),
    recipe_name String,
    recipe_hash String,
    manifest_sha256 String,
    path String,
    pairs UInt64,
    unpaired UInt64,
    supervised UInt64,
    funnel String CODEC(ZSTD(3)),
    summary String CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (project_id, id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Which events stand behind which exported row, so that an erasure finds the shards it must rewrite.
CREATE TABLE IF NOT EXISTS export_items
(
    project_id String,
    export_id String,
    config LowCardinality(String),
    split LowCardinality(String),
    row_id String,
    strategy LowCardinality(String),
    component String,
    event_ids Array(UUID) CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, export_id, config, row_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS recipes
(
    project_id String,
    name String,
    hash String,
    body String CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (project_id, name)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS runs
(
    project_id String,
    id UUID,
    recipe_name String,
    status LowCardinality(String),
    export_id String,
    error String,
    lease_until DateTime64(3, 'UTC') DEFAULT created_at,
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (project_id, id)
SETTINGS non_replicated_deduplication_window = 10000;
