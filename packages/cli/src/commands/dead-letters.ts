import { readFile } from 'node:fs/promises'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { inPath } from '../in-path.js'
import { printable } from '../output.js'
import { readStdin } from '../stdin.js'
import { parseTime } from '../times.js'

interface ListFlags {
  state?: 'open' | 'replayed' | 'stored'
  code?: string
  event?: string
  since?: string
  until?: string
  limit: string
  cursor?: string
}

/** `flywheel dead-letters list`. */
export async function deadLettersList(context: CommandContext, own: ListFlags): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1['dead-letters'].$get({
    query: {
      limit: own.limit,
      ...(own.state === undefined ? {} : { state: own.state }),
      ...(own.code === undefined ? {} : { code: own.code }),
      ...(own.event === undefined ? {} : { event_id: own.event }),
      ...(own.cursor === undefined ? {} : { cursor: own.cursor }),
      ...times(own),
    },
  })
  const { items, next_cursor } = await response.json()
  output.rows(items, [
    { name: 'id', of: (row) => row.id, width: 60 },
    { name: 'received_at', of: (row) => row.received_at },
    { name: 'type', of: (row) => row.type },
    { name: 'event_id', of: (row) => row.event_id },
    { name: 'code', of: (row) => row.code, width: 32 },
    { name: 'state', of: (row) => row.state },
    { name: 'replays', of: (row) => row.replays },
    { name: 'bytes', of: (row) => row.body_bytes },
    { name: 'message', of: (row) => row.message, width: 60 },
  ])
  if (items.length === 0) output.say('No dead letters match.')
  if (next_cursor !== null) output.say(`More: --cursor ${next_cursor}`)
  return EXIT.ok
}

/** `flywheel dead-letters show`: JSON, or on a terminal the reason and the bytes. */
export async function deadLettersShow(context: CommandContext, id: string): Promise<number> {
  // The typed client would leave the slashes of the id as they are.
  const response = await createClient(context).fetch(`/v1/dead-letters/${inPath(id)}`)
  const letter = (await response.json()) as Record<string, string | number> & { body: string }
  const { body, ...head } = letter
  context.output.one(
    letter,
    [
      ...Object.entries(head).map(([name, value]) => `${name.padEnd(12)} ${printable(String(value))}`),
      '',
      ...(body === '' ? ['(no bytes kept)'] : body.split('\n').map(printable)),
    ].join('\n'),
  )
  return EXIT.ok
}

interface ReplayFlags {
  code?: string
  since?: string
  until?: string
  all?: boolean
  again?: boolean
  dryRun?: boolean
  limit: string
  with?: string
}

/** `flywheel dead-letters replay`: exit 5 where a letter that was asked for stays as it is. */
export async function deadLettersReplay(context: CommandContext, ids: string[], own: ReplayFlags): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1['dead-letters'].replay.$post({
    json: {
      limit: Number(own.limit),
      dry_run: own.dryRun ?? false,
      ...(ids.length === 0 ? {} : { ids }),
      ...(own.code === undefined ? {} : { code: own.code }),
      ...(own.all === true ? { all: true as const } : {}),
      ...(own.again === true ? { state: 'replayed' as const } : {}),
      ...(own.with === undefined ? {} : { with: await mendedLine(own.with) }),
      ...times(own),
    },
  })
  const report = await response.json()
  const verb = report.dry_run ? 'would be replayed' : 'replayed'
  output.one(
    report,
    [
      `${report.replayed} ${verb} in ${report.records} ${report.records === 1 ? 'record' : 'records'}`,
      ...report.skipped.map(({ id, reason }) => `  left: ${id} (${reason})`),
    ].join('\n'),
  )
  if (report.has_more) output.say('More letters match: run the same command again.')
  if (!report.dry_run && report.replayed > 0)
    output.say('What is refused once more is a dead letter again: flywheel dead-letters list --state open')
  return ids.length > 0 && report.skipped.length > 0 ? EXIT.gate : EXIT.ok
}

function times({ since, until }: { since?: string; until?: string }): { since?: string; until?: string } {
  return {
    ...(since === undefined ? {} : { since: parseTime(since) }),
    ...(until === undefined ? {} : { until: parseTime(until) }),
  }
}

async function mendedLine(path: string): Promise<string> {
  if (path === '-') return await readStdin()
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError(EXIT.notFound, `The file ${path} cannot be read; give the path of one JSON object`, { cause })
  })
}
