-- The sink commits the log once an insert has returned, so what it wrote must then be on the disk, not in the system's
-- cache: else a power cut loses rows that the log no longer has. The same holds for what the api has answered: an erasure,
-- a key. The second setting flushes the folder that names the part's files.
ALTER TABLE interactions MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE feedback MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE links MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE consents MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE receipts MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE dead_letters MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE erasures MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE projects MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE keys MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE exports MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE export_items MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
