import type { Dataset, FunnelStep } from './outcome.js'
import type { Server } from './server.js'

/** Shows a person what became of the day. */
export function printOutcome(
  outcome: Dataset & { interactions: number; feedback: number; first_row_seconds: number; balanced: boolean },
  { server, dataDir }: { server: Server | null; dataDir: string },
  say: (line: string) => void,
): void {
  say(`\nThe first preference row, ${outcome.first_row_seconds} s after the server was started:\n`)
  say(JSON.stringify(outcome.first_row, null, 2))
  say(`\nThe funnel from ${outcome.interactions} interactions and ${outcome.feedback} feedback events:\n`)
  for (const step of outcome.funnel) say(funnelLine(step))
  say(`\n${outcome.pairs} preference pairs, ${outcome.unpaired} unpaired, ${outcome.supervised} supervised rows in`)
  say(`  ${outcome.dataset}`)
  say(outcome.balanced ? 'The sums agree with the receipts.' : 'THE SUMS DO NOT AGREE: see npx flywheel doctor')
  if (server === null) {
    say(`\nThe server is stopped; start it on the same data: npx flywheel up --data-dir ${dataDir}`)
    return
  }
  say(`\nServer  ${server.url}\nKey     ${server.apiKey}`)
  say(`Look:   npx flywheel list --url ${server.url} --api-key ${server.apiKey}`)
}

function funnelLine({ gate, in: entered, out, dropped }: FunnelStep): string {
  const reasons = Object.entries(dropped).map(([reason, rows]) => `${rows} ${reason}`)
  return `  ${gate.padEnd(16)} ${String(entered).padStart(5)} -> ${String(out).padStart(5)}  ${reasons.join(', ')}`
}
