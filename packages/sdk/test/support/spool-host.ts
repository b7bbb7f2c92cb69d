/** A host with a spool that dies as told. Writes the id of every event to stdout the moment it is created. */
import { writeSync } from 'node:fs'
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'
import { spool } from '../../src/node/spool.js'

const [collector, provider, directory, mode, calls, flushIntervalMs] = process.argv.slice(2) as string[]
const flywheel = createFlywheel({
  url: collector,
  apiKey: 'fw_sk_x',
  timeoutMs: 500,
  flushIntervalMs: Number(flushIntervalMs),
  spool: spool(directory as string),
  onCreated: ({ id }) => void writeSync(1, `${id}\n`),
  onDiagnostic: ({ code }) => void writeSync(2, `${code}\n`),
})
if (mode === 'resend') {
  const report = await flywheel.flush(10_000)
  writeSync(1, JSON.stringify({ ...report, spool: flywheel.stats().spool }))
} else {
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider as string, maxRetries: 0 }))
  for (let call = 0; call < Number(calls); call++) {
    const messages = [{ role: 'user' as const, content: `Question ${call} 😀` }]
    const completion = openai.chat.completions.create({ model: 'm', messages })
    await completion
    if (call % 5 === 0) flywheel.feedback.thumb(flywheel.idOf(completion) as string, 'up')
  }
  // No tick in between: what was created must be on the disk by now.
  if (mode === 'exit') process.exit(0)
  if (mode === 'SIGKILL' || mode === 'SIGTERM') process.kill(process.pid, mode)
  // Killed by others meanwhile, or alive until then.
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
