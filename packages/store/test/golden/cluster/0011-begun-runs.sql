ALTER TABLE runs_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS begun_at Nullable(DateTime64(3, 'UTC'));

ALTER TABLE runs ON CLUSTER `main` ADD COLUMN IF NOT EXISTS begun_at Nullable(DateTime64(3, 'UTC'));
