ALTER TABLE feedback_local ON CLUSTER `main` ADD INDEX IF NOT EXISTS shown_bloom JSONExtractString(candidates, 1, 'id') TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE feedback_local ON CLUSTER `main` MATERIALIZE INDEX shown_bloom;
