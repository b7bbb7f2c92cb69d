ALTER TABLE interactions_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE feedback_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE links_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE consents_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE receipts_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE dead_letters_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE erasures_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE projects_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE keys_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE exports_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE export_items_local ON CLUSTER `main` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
