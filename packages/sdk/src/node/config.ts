/** The environment of the SDK, read when a client is made: nothing is read at import. */
export function readEnvironment(): { url?: string | undefined; apiKey?: string | undefined } {
  return { url: process.env['FLYWHEEL_URL'], apiKey: process.env['FLYWHEEL_API_KEY'] }
}
