ALTER TABLE runs_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cause LowCardinality(String) DEFAULT 'request',
    ADD COLUMN IF NOT EXISTS due_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS holder String,
    ADD COLUMN IF NOT EXISTS watermark Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS finished_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS gate LowCardinality(String),
    ADD COLUMN IF NOT EXISTS error_code LowCardinality(String),
    ADD COLUMN IF NOT EXISTS deliveries String CODEC(ZSTD(3));

ALTER TABLE runs ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cause LowCardinality(String) DEFAULT 'request',
    ADD COLUMN IF NOT EXISTS due_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS holder String,
    ADD COLUMN IF NOT EXISTS watermark Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS finished_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS gate LowCardinality(String),
    ADD COLUMN IF NOT EXISTS error_code LowCardinality(String),
    ADD COLUMN IF NOT EXISTS deliveries String CODEC(ZSTD(3));
