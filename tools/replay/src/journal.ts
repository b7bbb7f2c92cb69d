/** Which event stands for which piece of the data: what the traffic writes and the scorer reads. */
export type JournalLine =
  | { kind: 'edit'; interaction: string; item: string }
  | { kind: 'reply'; interaction: string; tree: number; message: string }
