import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { inPath } from '../in-path.js'

interface EraseFlags {
  user?: string
  session?: string
  reason?: string
  yes?: boolean
  wait?: boolean
}

const POLL_MS = 1000

const receiptAt = async (client: Client, id: string) =>
  await (await client.v1.erasures[':id'].$get({ param: { id: inPath(id) } })).json()

type Receipt = Awaited<ReturnType<typeof receiptAt>>

/** Recipients that have not heard of it: this server cleans and tells some of them itself. */
function whomToTell({ recipients, deliveries }: Receipt['exports'][number]): string {
  if (recipients.length === 0) return 'no recipient is noted'
  const done = deliveries.filter(({ status }) => status === 'done').map(({ name }) => name)
  const left = recipients.filter((name) => !done.includes(name))
  return left.length === 0 ? 'every recipient has replaced it' : `tell ${left.join(', ')}`
}

function described(receipt: Receipt): string {
  const { id, state, events, counts, waits_for, exports, limits } = receipt
  const rows = Object.entries(counts).filter(([, count]) => count > 0)
  return [
    `erasure ${id}: ${state}${waits_for === null ? '' : `, waits for ${waits_for}`}`,
    `${events} events are hidden or gone${rows.length === 0 ? '' : `: ${rows.map(([table, count]) => `${table} ${count}`).join(', ')}`}`,
    ...exports.map((each) => {
      const place =
        each.replaced_by === null ? 'is removed, with none in its place' : `is replaced by ${each.replaced_by}`
      return `export ${each.export_id} lost ${each.rows} rows and ${place}: ${whomToTell(each)}`
    }),
    ...limits.map((limit) => `not reached: ${limit}`),
  ].join('\n')
}

/** Asks a person, who must write the subject once more. */
async function confirm(kind: string, subject: string, signal: AbortSignal): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new CliError(EXIT.usage, 'Erasing cannot be undone: give --yes where nobody can be asked.')
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const question = `This erases ${kind} ${subject} and every feedback on the answers to them, for good. Write the id again: `
    if ((await asking.question(question, { signal })) !== subject)
      throw new CliError(EXIT.failed, 'Nothing was erased: the ids differ.')
  } finally {
    asking.close()
  }
}

/** `flywheel erase`. */
export async function erase(context: CommandContext, own: EraseFlags): Promise<number> {
  const { output, signal } = context
  const subject = own.user ?? own.session
  if (subject === undefined || (own.user !== undefined && own.session !== undefined)) {
    throw new CliError(EXIT.usage, 'Name whom to erase: --user <id> or --session <id>, one of the two.')
  }
  const subject_kind = own.user === undefined ? 'session' : 'user'
  const client = createClient(context)
  if (own.yes !== true) await confirm(subject_kind, subject, signal)
  const answer = await client.v1.erasures.$post({
    json: { subject_kind, subject, ...(own.reason === undefined ? {} : { reason: own.reason }) },
  })
  let receipt: Receipt = await answer.json()
  // What waits for the log's retention waits for days.
  while (own.wait === true && receipt.state !== 'final' && receipt.horizon_at === null) {
    await sleep(POLL_MS, undefined, { signal })
    receipt = await receiptAt(client, receipt.id)
  }
  output.one(receipt, described(receipt))
  if (receipt.state !== 'final') output.say(`Its receipt later: flywheel erasure ${receipt.id}`)
  return EXIT.ok
}

/** `flywheel erasure <id>`. */
export async function showErasure(context: CommandContext, id: string): Promise<number> {
  const receipt = await receiptAt(createClient(context), id)
  context.output.one(receipt, described(receipt))
  return EXIT.ok
}
