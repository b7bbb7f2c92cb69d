-- When the work at a run began: one that only waited when its process ended is no lost attempt at its turn.
ALTER TABLE runs ADD COLUMN IF NOT EXISTS begun_at Nullable(DateTime64(3, 'UTC'));
