CREATE TABLE IF NOT EXISTS receipts_local ON CLUSTER `main` (
    project_id String,
    log_id String,
    partition UInt32,
    position UInt64,
    received_at DateTime64(3, 'UTC'),
    request_id String,
    key_id String,
    types Array(LowCardinality(String)) CODEC(ZSTD(3)),
    ids Array(String) CODEC(ZSTD(3)),
    hashes Array(String) CODEC(ZSTD(3)),
    outcomes Array(LowCardinality(String)) CODEC(ZSTD(3)),
    rejected UInt32,
    client_instance String,
    client_seq UInt64,
    client_created UInt64,
    client_dropped UInt64,
    client_rejected UInt64,
    body_bytes UInt64,
    row_until DateTime64(3, 'UTC') DEFAULT '2100-01-01 00:00:00',

    CONSTRAINT arrays_agree CHECK length(types) = length(ids) AND length(ids) = length(hashes)
        AND length(hashes) = length(outcomes)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, log_id, partition, position)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS receipts ON CLUSTER `main` AS receipts_local
ENGINE = Distributed('main', 'flywheel', 'receipts_local', cityHash64(project_id, log_id, partition, position));

CREATE TABLE IF NOT EXISTS dead_letters_local ON CLUSTER `main` (
    project_id String,
    log_id String,
    partition UInt32,
    position UInt64,
    line UInt32,
    type LowCardinality(String),
    event_id String,
    code LowCardinality(String),
    message String CODEC(ZSTD(3)),
    body String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    received_at DateTime64(3, 'UTC'),
    body_until DateTime64(3, 'UTC'),
    row_until DateTime64(3, 'UTC'),
    status LowCardinality(String) DEFAULT 'open',
    updated_at DateTime64(3, 'UTC') DEFAULT received_at,

    CONSTRAINT status_known CHECK status IN ('open', 'replayed'),
    CONSTRAINT limits_are_dates CHECK body_until >= '2020-01-01 00:00:00' AND body_until < '2106-01-01 00:00:00'
        AND row_until >= '2020-01-01 00:00:00' AND row_until < '2106-01-01 00:00:00'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, log_id, partition, position, line)
TTL toDateTime(row_until)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS dead_letters ON CLUSTER `main` AS dead_letters_local
ENGINE = Distributed('main', 'flywheel', 'dead_letters_local', cityHash64(project_id, log_id, partition, position, line));

CREATE TABLE IF NOT EXISTS erasures_local ON CLUSTER `main` (
    project_id String,
    id UUID,
    subject_kind LowCardinality(String),
    subject_hmac String,
    event_ids Array(UUID) CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at,

    CONSTRAINT subject_known CHECK subject_kind IN ('user', 'session', 'project') AND subject_hmac != ''
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', updated_at)
ORDER BY (project_id, id)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS erasures ON CLUSTER `main` AS erasures_local
ENGINE = Distributed('main', 'flywheel', 'erasures_local', cityHash64(project_id, id));
