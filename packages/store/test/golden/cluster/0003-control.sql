CREATE TABLE IF NOT EXISTS projects_local ON CLUSTER `main` (
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY id
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS projects ON CLUSTER `main` AS projects_local
ENGINE = Distributed('main', 'flywheel', 'projects_local', cityHash64(id));

CREATE TABLE IF NOT EXISTS keys_local ON CLUSTER `main` (
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY id
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS keys ON CLUSTER `main` AS keys_local
ENGINE = Distributed('main', 'flywheel', 'keys_local', cityHash64(id));

CREATE TABLE IF NOT EXISTS exports_local ON CLUSTER `main` (
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY (project_id, id)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS exports ON CLUSTER `main` AS exports_local
ENGINE = Distributed('main', 'flywheel', 'exports_local', cityHash64(project_id, id));

CREATE TABLE IF NOT EXISTS export_items_local ON CLUSTER `main` (
    project_id String,
    export_id String,
    config LowCardinality(String),
    split LowCardinality(String),
    row_id String,
    strategy LowCardinality(String),
    component String,
    event_ids Array(UUID) CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, export_id, config, row_id)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS export_items ON CLUSTER `main` AS export_items_local
ENGINE = Distributed('main', 'flywheel', 'export_items_local', cityHash64(project_id, export_id, config, row_id));

CREATE TABLE IF NOT EXISTS recipes_local ON CLUSTER `main` (
    project_id String,
    name String,
    hash String,
    body String CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY (project_id, name)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS recipes ON CLUSTER `main` AS recipes_local
ENGINE = Distributed('main', 'flywheel', 'recipes_local', cityHash64(project_id, name));

CREATE TABLE IF NOT EXISTS runs_local ON CLUSTER `main` (
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY (project_id, id)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS runs ON CLUSTER `main` AS runs_local
ENGINE = Distributed('main', 'flywheel', 'runs_local', cityHash64(project_id, id));
