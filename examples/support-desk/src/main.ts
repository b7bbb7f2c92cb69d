/**
 * The support desk with everything it needs in one command: a Flywheel server, a model stub unless OPENAI_API_KEY is
 * set, and the app. Usage: npm start -w @flywheel/example-support-desk
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDesk } from './desk.js'

const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-support-desk-'))
const desk = await startDesk({ dataDir, port: Number(process.env['PORT'] ?? 3000) })
console.log(`The support desk is at ${desk.url}, Flywheel at ${desk.flywheelUrl}. Ctrl-C ends both.`)
process.once('SIGINT', () => {
  void desk.stop().then(() => rmSync(dataDir, { recursive: true, force: true }))
})
