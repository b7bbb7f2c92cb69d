import type { Batch } from './events.js'
import type { Fault, System } from './faults.js'
import { settled } from './observe.js'
import { REWRITTEN } from './requests.js'

/**
 * Erases a subject, replays everything that the log holds and sends the subject's own bytes once more, as a client with
 * a spool would. Not by `POST /v1/erasures`: with the server down, the replay meets a tombstone that no running sink has
 * seen.
 */
export const eraseSubject: Fault<System> = {
  name: 'erase',
  async strike({ load, round }) {
    const { client, maker } = load.client('subject')
    const batches = [1, 2].map(() => maker.subject(userOf(round), canaryOf(round)))
    sent.set(round, batches)
    for (const batch of batches) await client.deliver(batch, { mayAbandon: false })
    return 'a subject with a canary'
  },
  async afterwards({ system, load, journal, round }) {
    const batches = sent.get(round)!
    const events = batches.flatMap((batch) => batch.events)
    const subject = { user: userOf(round), canary: canaryOf(round), ids: events.map(({ id }) => id) }
    const { before, after, replayed, in_log } = await system.erase(subject)
    for (const event of events) journal.write(event, round, 'erased')
    const { client } = load.client('spool')
    for (const batch of batches) await client.repeat(batch)
    await load.stop()
    await settled(system.api, 120_000)
    let again = 0
    for (const table of Object.keys(REWRITTEN)) {
      const [row] = await system.api.rows<{ found: number | string }>(
        `SELECT count() AS found FROM ${table} WHERE position(formatRow('JSONEachRow', *), '${canaryOf(round)}') > 0`,
      )
      again += Number(row!.found)
    }
    const inLogs = system.said().includes(canaryOf(round))
    const report = `canary in ${before} rows, ${after} after the erasure and a replay of ${replayed} records, ${again} after the client sent it again${in_log === null ? '' : `; in ${in_log} files of the compacted log`}`
    // The control: a search that finds nothing beforehand shows nothing.
    if (before < events.length || after + again + (in_log ?? 0) > 0 || inLogs) throw new Error(report)
    return report
  },
}

const sent = new Map<number, Batch[]>()
const userOf = (round: number): string => `subject-of-round-${round}`
const canaryOf = (round: number): string => `canary-of-round-${round}-c4n4ry`
