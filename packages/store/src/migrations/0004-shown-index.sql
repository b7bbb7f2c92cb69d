-- Which `shown` events name an interaction: without this, one interaction's page reads every feedback of its project.
ALTER TABLE feedback ADD INDEX IF NOT EXISTS shown_bloom JSONExtractString(candidates, 1, 'id') TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE feedback MATERIALIZE INDEX shown_bloom;
