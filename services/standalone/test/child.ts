// A server in a process of its own, for tests that kill it. Prints one line of JSON when it listens.
import { loadStandaloneConfig, startStandalone } from '../src/index.js'

try {
  const known = process.env['KNOWN_KEY']
  const config = loadStandaloneConfig(process.env)
  const server = await startStandalone({ ...config, knownKey: known })
  process.stdout.write(`${JSON.stringify({ url: server.url, keys: server.keys ?? null })}\n`)
  process.on('SIGTERM', () => {
    void server.stop().then(() => process.exit(0))
  })
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
