-- What the path did with it: receipts, dead letters, erasures.

-- One row a log record, inserted after the event tables and before the commit: what makes the sums checked.
CREATE TABLE IF NOT EXISTS receipts
(
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
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, log_id, partition, position)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS dead_letters
(
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
ENGINE = ReplacingMergeTree(updated_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, log_id, partition, position, line)
TTL toDateTime(row_until)
SETTINGS non_replicated_deduplication_window = 10000;

-- A tombstone. event_ids are the rows that it hides from every read at once, before they are rewritten.
CREATE TABLE IF NOT EXISTS erasures
(
    project_id String,
    id UUID,
    subject_kind LowCardinality(String),
    subject_hmac String,
    event_ids Array(UUID) CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC') DEFAULT created_at,

    CONSTRAINT subject_known CHECK subject_kind IN ('user', 'session', 'project') AND subject_hmac != ''
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (project_id, id)
SETTINGS non_replicated_deduplication_window = 10000;
