/** How long the suite waits for what must happen: far beyond the session time-out of a consumer group. */
export const PATIENCE_MS = 90_000
