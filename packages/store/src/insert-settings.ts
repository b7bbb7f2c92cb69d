/**
 * The settings of every insert, written into its statement.
 *
 * One insert is one block a partition: an insert is atomic per block and partition, and a deduplication token counts
 * blocks. So nothing may cut a batch: neither the parser (rows, bytes, parallel chunks) nor the squashing before the write.
 */
export function insertSettings(token: string): Record<string, string | number> {
  return {
    async_insert: 0,
    input_format_parallel_parsing: 0,
    max_insert_block_size: 1_000_000,
    max_insert_block_size_bytes: 0,
    min_insert_block_size_rows: 1_000_000,
    min_insert_block_size_bytes: 1 << 30,
    input_format_max_block_size_bytes: 0,
    max_insert_threads: 1,
    // An event of a newer client: the column it lacks is skipped and counted upstream as unknown_field.
    input_format_skip_unknown_fields: 1,
    // The engine's default, auto, takes "Author_Kind" for author_kind: a field that nobody checked.
    input_format_column_name_matching_mode: 'match_case',
    input_format_null_as_default: 1,
    // RFC 3339 with any zone and any number of digits.
    date_time_input_format: 'best_effort',
    // The raw text of an object or an array goes into a String: large integers and the order of keys survive.
    input_format_json_read_objects_as_strings: 1,
    input_format_json_read_arrays_as_strings: 1,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
  }
}
