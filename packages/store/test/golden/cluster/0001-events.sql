CREATE TABLE IF NOT EXISTS interactions_local ON CLUSTER `main` (
    project_id String,
    id UUID,
    t DateTime64(3, 'UTC') MATERIALIZED UUIDv7ToDateTime(id, 'UTC'),
    schema_version UInt8 DEFAULT 1,

    turn_id UUID DEFAULT id,
    parent_id Nullable(UUID),
    regenerated_from Nullable(UUID),
    continues String,
    session_id String,
    user_id String,
    trace_id String,
    span_id String,

    task LowCardinality(String),
    surface LowCardinality(String),
    agent_name LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    operation LowCardinality(String) DEFAULT 'chat',
    provider LowCardinality(String),
    model_requested LowCardinality(String),
    model_answered LowCardinality(String),
    provider_response_id String,
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),

    prompt_variables String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    system String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    messages String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    tools String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    parameters String CODEC(ZSTD(3)),
    outputs String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    has_text Bool DEFAULT arrayExists(
        message -> arrayExists(part -> part.1 = 'text' AND part.2 != '', message.1),
        JSONExtract(outputs, 'Array(Tuple(parts Array(Tuple(type String, content String))))')),
    finish_reasons Array(LowCardinality(String)),

    usage_input_tokens Nullable(UInt32),
    usage_output_tokens Nullable(UInt32),
    usage_cached_tokens Nullable(UInt32),
    usage_cache_write_tokens Nullable(UInt32),
    usage_reasoning_tokens Nullable(UInt32),
    duration_ms Nullable(Float64),
    time_to_first_token_ms Nullable(Float64),

    status LowCardinality(String) DEFAULT 'ok',
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    provider_json String CODEC(ZSTD(3)) TTL toDateTime(body_until),

    tags Array(LowCardinality(String)),
    metadata Map(LowCardinality(String), String),
    consent Map(LowCardinality(String), LowCardinality(String)),
    consent_basis LowCardinality(String),
    sdk_name LowCardinality(String),
    sdk_version LowCardinality(String),

    prompt_hash String DEFAULT lower(hex(sipHash128(system, tools, messages))),
    prompt_preview String DEFAULT if(toDateTime(body_until) <= now(), '', leftUTF8(
        arrayFirst(
            part -> part.1 = 'text',
            arrayLast(
                message -> message.1 = 'user',
                JSONExtract(messages, 'Array(Tuple(role String, parts Array(Tuple(type String, content String))))')).2).2,
        240)) CODEC(ZSTD(3)) TTL toDateTime(body_until),
    output_preview String DEFAULT if(toDateTime(body_until) <= now(), '', leftUTF8(
        arrayFirst(
            part -> part.1 = 'text',
            JSONExtract(outputs, 'Array(Tuple(parts Array(Tuple(type String, content String))))')[1].1).2,
        240)) CODEC(ZSTD(3)) TTL toDateTime(body_until),

    trust LowCardinality(String),
    source String CODEC(ZSTD(3)),
    received_at DateTime64(3, 'UTC'),
    body_until DateTime64(3, 'UTC'),
    row_until DateTime64(3, 'UTC'),
    version UInt64 MATERIALIZED 18446744073709551615
        - (toUInt64(toUnixTimestamp64Milli(received_at)) * 4194304
        + (toUInt64OrZero(extract(source, ':([0-9]+)')) % 4096) * 1024
        + toUInt64OrZero(extract(source, ':[0-9]+/([0-9]+)$')) % 1024),

    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX turn_bloom turn_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX session_bloom session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX user_bloom user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX trace_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX response_bloom provider_response_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX prompt_bloom prompt_hash TYPE bloom_filter(0.01) GRANULARITY 1,

    CONSTRAINT project_named CHECK project_id != '',
    CONSTRAINT id_is_uuid_v7 CHECK substring(toString(id), 15, 1) = '7',
    CONSTRAINT operation_known CHECK operation IN ('chat', 'completion', 'embedding', 'execute_tool', 'other'),
    CONSTRAINT status_known CHECK status IN ('ok', 'error', 'aborted', 'partial'),
    CONSTRAINT trust_known CHECK trust IN ('server', 'ticket', 'public'),
    CONSTRAINT limits_are_dates CHECK body_until >= '2020-01-01 00:00:00' AND body_until < '2106-01-01 00:00:00'
        AND row_until >= '2020-01-01 00:00:00' AND row_until < '2106-01-01 00:00:00'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version)
PARTITION BY toYYYYMM(t)
ORDER BY (project_id, t, id)
TTL toDateTime(row_until)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS interactions ON CLUSTER `main` AS interactions_local
ENGINE = Distributed('main', 'flywheel', 'interactions_local', cityHash64(project_id, id));

CREATE TABLE IF NOT EXISTS feedback_local ON CLUSTER `main` (
    project_id String,
    id UUID,
    t DateTime64(3, 'UTC') MATERIALIZED UUIDv7ToDateTime(id, 'UTC'),
    schema_version UInt8 DEFAULT 1,

    kind LowCardinality(String),
    target_kind LowCardinality(String),
    target String,
    choice UInt16 DEFAULT 0,
    name LowCardinality(String),
    slot String,
    field String,
    stage LowCardinality(String),
    value Nullable(Float64),
    label LowCardinality(String),
    kept String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    kept_json String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    shown String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    candidates String CODEC(ZSTD(3)),
    winner LowCardinality(String),
    randomised Bool DEFAULT false,
    seen Array(UInt16),
    reason_codes Array(LowCardinality(String)),
    reason_text String CODEC(ZSTD(3)) TTL toDateTime(body_until),
    author_id String,
    author_kind LowCardinality(String) DEFAULT 'end_user',
    session_id String,
    occurred_at DateTime64(3, 'UTC') DEFAULT UUIDv7ToDateTime(id, 'UTC'),
    retracts Nullable(UUID),
    metadata Map(LowCardinality(String), String),

    kept_preview String DEFAULT if(toDateTime(body_until) <= now(), '', leftUTF8(if(kept != '', kept, kept_json), 240))
        CODEC(ZSTD(3)) TTL toDateTime(body_until),

    trust LowCardinality(String),
    source String CODEC(ZSTD(3)),
    received_at DateTime64(3, 'UTC'),
    body_until DateTime64(3, 'UTC'),
    row_until DateTime64(3, 'UTC'),
    version UInt64 MATERIALIZED 18446744073709551615
        - (toUInt64(toUnixTimestamp64Milli(received_at)) * 4194304
        + (toUInt64OrZero(extract(source, ':([0-9]+)')) % 4096) * 1024
        + toUInt64OrZero(extract(source, ':[0-9]+/([0-9]+)$')) % 1024),

    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX session_bloom session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX author_bloom author_id TYPE bloom_filter(0.01) GRANULARITY 1,

    CONSTRAINT project_named CHECK project_id != '',
    CONSTRAINT id_is_uuid_v7 CHECK substring(toString(id), 15, 1) = '7',
    CONSTRAINT kind_known CHECK kind IN ('correction', 'verdict', 'thumb', 'rating', 'choice', 'regenerate', 'retain',
        'shown', 'copy', 'comment', 'outcome', 'review'),
    CONSTRAINT target_known CHECK target_kind IN ('interaction', 'turn', 'response', 'ref') AND target != '',
    CONSTRAINT stage_known CHECK stage IN ('', 'draft', 'committed'),
    CONSTRAINT author_kind_known CHECK author_kind IN ('end_user', 'expert', 'model', 'rule'),
    CONSTRAINT trust_known CHECK trust IN ('server', 'ticket', 'public'),
    CONSTRAINT limits_are_dates CHECK body_until >= '2020-01-01 00:00:00' AND body_until < '2106-01-01 00:00:00'
        AND row_until >= '2020-01-01 00:00:00' AND row_until < '2106-01-01 00:00:00'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version)
PARTITION BY toYYYYMM(t)
ORDER BY (project_id, target, id)
TTL toDateTime(row_until)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS feedback ON CLUSTER `main` AS feedback_local
ENGINE = Distributed('main', 'flywheel', 'feedback_local', cityHash64(project_id, target, id));

CREATE TABLE IF NOT EXISTS links_local ON CLUSTER `main` (
    project_id String,
    id UUID,
    t DateTime64(3, 'UTC') MATERIALIZED UUIDv7ToDateTime(id, 'UTC'),
    schema_version UInt8 DEFAULT 1,

    target_kind LowCardinality(String),
    target String,
    ref String,
    occurred_at DateTime64(3, 'UTC') DEFAULT UUIDv7ToDateTime(id, 'UTC'),
    metadata Map(LowCardinality(String), String),

    trust LowCardinality(String),
    source String CODEC(ZSTD(3)),
    received_at DateTime64(3, 'UTC'),
    body_until DateTime64(3, 'UTC'),
    row_until DateTime64(3, 'UTC'),
    version UInt64 MATERIALIZED 18446744073709551615
        - (toUInt64(toUnixTimestamp64Milli(received_at)) * 4194304
        + (toUInt64OrZero(extract(source, ':([0-9]+)')) % 4096) * 1024
        + toUInt64OrZero(extract(source, ':[0-9]+/([0-9]+)$')) % 1024),

    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ref_bloom ref TYPE bloom_filter(0.01) GRANULARITY 1,

    CONSTRAINT project_named CHECK project_id != '',
    CONSTRAINT id_is_uuid_v7 CHECK substring(toString(id), 15, 1) = '7',
    CONSTRAINT target_known CHECK target_kind IN ('interaction', 'turn', 'response') AND target != '' AND ref != '',
    CONSTRAINT trust_known CHECK trust IN ('server', 'ticket', 'public'),
    CONSTRAINT limits_are_dates CHECK body_until >= '2020-01-01 00:00:00' AND body_until < '2106-01-01 00:00:00'
        AND row_until >= '2020-01-01 00:00:00' AND row_until < '2106-01-01 00:00:00'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version)
PARTITION BY toYYYYMM(t)
ORDER BY (project_id, target, id)
TTL toDateTime(row_until)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS links ON CLUSTER `main` AS links_local
ENGINE = Distributed('main', 'flywheel', 'links_local', cityHash64(project_id, target, id));

CREATE TABLE IF NOT EXISTS consents_local ON CLUSTER `main` (
    project_id String,
    id UUID,
    t DateTime64(3, 'UTC') MATERIALIZED UUIDv7ToDateTime(id, 'UTC'),
    schema_version UInt8 DEFAULT 1,

    subject_kind LowCardinality(String),
    subject String,
    purpose LowCardinality(String),
    label LowCardinality(String),
    basis String,
    applies_from DateTime64(3, 'UTC') DEFAULT occurred_at,
    occurred_at DateTime64(3, 'UTC') DEFAULT UUIDv7ToDateTime(id, 'UTC'),
    metadata Map(LowCardinality(String), String),

    trust LowCardinality(String),
    source String CODEC(ZSTD(3)),
    received_at DateTime64(3, 'UTC'),
    body_until DateTime64(3, 'UTC'),
    row_until DateTime64(3, 'UTC'),
    version UInt64 MATERIALIZED 18446744073709551615
        - (toUInt64(toUnixTimestamp64Milli(received_at)) * 4194304
        + (toUInt64OrZero(extract(source, ':([0-9]+)')) % 4096) * 1024
        + toUInt64OrZero(extract(source, ':[0-9]+/([0-9]+)$')) % 1024),

    CONSTRAINT project_named CHECK project_id != '',
    CONSTRAINT id_is_uuid_v7 CHECK substring(toString(id), 15, 1) = '7',
    CONSTRAINT subject_known CHECK subject_kind IN ('user', 'session', 'project') AND subject != '',
    CONSTRAINT purpose_known CHECK purpose IN ('evaluate', 'train', 'license'),
    CONSTRAINT label_known CHECK label IN ('granted', 'withdrawn'),
    CONSTRAINT trust_known CHECK trust IN ('server', 'ticket', 'public')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', version)
PARTITION BY toYYYYMM(t)
ORDER BY (project_id, subject_kind, subject, id)
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS consents ON CLUSTER `main` AS consents_local
ENGINE = Distributed('main', 'flywheel', 'consents_local', cityHash64(project_id, subject_kind, subject, id));
