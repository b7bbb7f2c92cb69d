// Records a data directory of this build as a fixture of `npm run test:upgrade`. Run it at every release, with its name:
//   npm run record:upgrade -w @flywheel/standalone -- 0.1.0
// It uses nothing that a release before had not, so it can be copied into an older checkout and run there; a second
// argument is the folder to write to.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLocalLog } from '@flywheel/event-log'
import { deriveTicketKey, parseApiKey, signTicket } from '@flywheel/keys'
import { feedback, interaction, ndjson, nextId } from '../test/events.js'
import { kill, spawnChild } from '../test/spawn-child.js'
import { ask, drained } from '../test/support.js'

const name = process.argv[2] ?? ''
if (!/^[\w.-]+$/.test(name)) throw new Error('Name the fixture after the release: letters, digits, dots and dashes.')

const folder = await mkdtemp(join(tmpdir(), 'flywheel-fixture-'))
const data = join(folder, 'data')
await mkdir(data)
const first = await spawnChild({ FLYWHEEL_DATA_DIR: data })
const key = first.keys?.secret ?? ''
let sent = 0
const send = async (url: string, body: string, created: number): Promise<void> => {
  const answer = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'flywheel-client': `instance=fixture; seq=${++sent}; created=${created}; dropped=1; rejected=0`,
    },
    body,
  })
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`)
}

const interactions = Array.from({ length: 5 }, () => interaction())
const target = interactions[0]?.id ?? ''
const link = { type: 'link', id: nextId(), schema_version: 1, target_kind: 'interaction', target, ref: 'mail:1' }
const others = [
  feedback(target, { kind: 'thumb', label: 'up', author_id: 'u1', author_kind: 'end_user' }),
  feedback(target, { kind: 'correction', stage: 'committed', shown: 'a', kept: 'b' }),
  link,
  {
    type: 'consent',
    id: nextId(),
    schema_version: 1,
    subject_kind: 'project',
    subject: 'default',
    purpose: 'train',
    label: 'granted',
    basis: 'fixture',
  },
]
const body = ndjson([...interactions, ...others])
await send(first.url, body, 9)
await send(first.url, body, 9)
// The store refuses a known key that stands twice: a dead letter.
const dead = { ...link, id: nextId() }
await send(first.url, JSON.stringify(dead).replace('"ref"', '"ref":"mail:0","ref"'), 10)
await drained(first.url, key)
const ended = once(first.process, 'exit')
first.process.kill('SIGTERM')
await ended

// Accepted, and killed before the sink has stored it.
const waiting = [interaction(), interaction()]
const waitingBody = ndjson(waiting)
const second = await spawnChild({ FLYWHEEL_DATA_DIR: data, KNOWN_KEY: key })
const { body: sums } = await ask(second.url, key, '/v1/accounting')
await send(second.url, waitingBody, 12)
await kill(second)
const log = await openLocalLog({ path: join(data, 'log') })
const { records } = await log.backlog('sink')
await log.close()
if (records !== 1) throw new Error(`${records} records wait in the log, not 1; run it again.`)

const ticket = signTicket(deriveTicketKey(key), {
  k: parseApiKey(key)?.id ?? '',
  t: 'interaction',
  i: target,
  c: 0,
  a: ['thumb'],
  u: 'u1',
  e: Date.UTC(2099, 0, 1) / 1000,
})
const expected = {
  name,
  recorded_at: new Date().toISOString(),
  key,
  ticket,
  stored: { interactions: interactions.map(({ id }) => id), others: others.map(({ id }) => id) },
  dead: dead.id,
  waiting: waiting.map(({ id }) => id),
  bodies: [body, waitingBody],
  sums,
}
await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`)
const fixtures = process.argv[3] ?? fileURLToPath(new URL('../fixtures/upgrade', import.meta.url))
await mkdir(fixtures, { recursive: true })
const file = join(fixtures, `${name}.tar.gz`)
execFileSync('tar', [
  '-czf',
  file,
  '--exclude=*-lock',
  '--exclude=data/store/tmp',
  '-C',
  folder,
  'data',
  'expected.json',
])
await rm(folder, { recursive: true })
process.stdout.write(`${file}\n`)
