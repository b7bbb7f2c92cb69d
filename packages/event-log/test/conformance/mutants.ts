import { randomUUID } from 'node:crypto'
import type { Assignment, ConsumeOptions, EventLog, PositionedRecord, Slice } from '@flywheel/event-log'

/** A log that breaks one promise, and the checks of the suite that must notice. */
export interface Mutant {
  caughtBy: string[]
  mutate(log: EventLog): EventLog
}

/** The log with some methods replaced; the rest, private state included, stays the real one's. */
function replace(log: EventLog, changes: Partial<EventLog>): EventLog {
  return new Proxy(log, {
    get(target, name) {
      if (name in changes) return changes[name as keyof EventLog]
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const assignments = new WeakMap<Assignment, Assignment>()

/** Passes each slice through `change` on its way to the handler. */
function onSlices(
  log: EventLog,
  change: (slice: Slice, hand: (slice: Slice) => Promise<void>) => Promise<void>,
  changeOptions: (options: ConsumeOptions | undefined) => ConsumeOptions = (options) => options ?? {},
): EventLog {
  return replace(log, {
    consume: (group, onSlice, options) => log.consume(group, (slice) => change(slice, onSlice), changeOptions(options)),
  })
}

/** Replaces methods of the assignment behind every slice, the same one for all slices of a tenancy. */
function onAssignments(log: EventLog, change: (assignment: Assignment) => Partial<Assignment>): EventLog {
  return onSlices(log, (slice, hand) => {
    let changed = assignments.get(slice.assignment)
    if (changed === undefined) {
      const real = slice.assignment
      const changes = change(real)
      changed = new Proxy(real, {
        get(target, name) {
          if (name in changes) return changes[name as keyof Assignment]
          const value = Reflect.get(target, name, target) as unknown
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      assignments.set(slice.assignment, changed)
    }
    return hand({ ...slice, assignment: changed })
  })
}

/** Passes each record through `change` on its way to the handler. */
function onRecords(log: EventLog, change: (record: PositionedRecord) => PositionedRecord): EventLog {
  return onSlices(log, (slice, hand) => hand({ ...slice, records: slice.records.map(change) }))
}

/** The wrappers above around a log, changing nothing: the control of the whole test. */
export function wrapped(log: EventLog): EventLog {
  return onAssignments(
    onRecords(replace(log, {}), (record) => record),
    () => ({}),
  )
}

const unless =
  (code: string) =>
  (error: { code?: string }): void => {
    if (error.code !== code) throw error
  }

export const MUTANTS: Record<string, Mutant> = {
  'acknowledges before the record is durable': {
    caughtBy: ['what was acknowledged before kill -9 is there, in order'],
    mutate(log) {
      // Guesses the place that round-robin will give.
      const ends = Array.from({ length: log.partitions }, () => 0)
      let turn = 0
      const known = log.progress('sink').then((all) => {
        for (const { partition, end } of all) ends[partition] = end
      })
      return replace(log, {
        append: async (record) => {
          await known
          const partition = turn++ % log.partitions
          setTimeout(() => void log.append(record), 30)
          await new Promise((resolve) => setTimeout(resolve, 1))
          const offset = ends[partition] ?? 0
          ends[partition] = offset + 1
          return { log_id: log.log_id, partition, offset }
        },
      })
    },
  },
  'forgets the boundary in a crash': {
    caughtBy: ['after kill -9 between proposal and commit the exact boundary is recovered and its records come again'],
    mutate: (log) => onAssignments(log, () => ({ propose: async () => {} })),
  },
  'acknowledges a commit that it never makes': {
    caughtBy: [
      'what was committed before kill -9 does not come again, and the rest does',
      'a proposal stands until its commit and then is gone',
    ],
    mutate: (log) => onAssignments(log, () => ({ commit: async () => {} })),
  },
  'never tells of a boundary': {
    caughtBy: [
      'a member that comes later finds the boundary of the one that left',
      'boundary and commits are there after closing and opening again',
    ],
    mutate: (log) => onAssignments(log, () => ({ recoverBoundary: async () => null })),
  },
  'accepts another proposal while one stands': {
    caughtBy: ['the same proposal may be made again, another one not while it stands'],
    mutate: (log) =>
      onAssignments(log, (real) => ({ propose: (boundary) => real.propose(boundary).catch(unless('conflict')) })),
  },
  'accepts a proposal that skips records': {
    caughtBy: ['a proposal that skips records is refused'],
    mutate: (log) =>
      onAssignments(log, (real) => ({
        propose: (boundary) => real.propose(boundary).catch(unless('invalid_request')),
      })),
  },
  'accepts a commit of what was not delivered': {
    caughtBy: ['proposing and committing records that were not delivered is refused'],
    mutate: (log) =>
      onAssignments(log, (real) => ({ commit: (last) => real.commit(last).catch(unless('invalid_request')) })),
  },
  'accepts the commit of a stale tenant': {
    caughtBy: [
      'a member that stops in its handler is stale there: its late commit is refused and the next tenant gets the records',
      'a member that is fenced by another one joining cannot commit; the other starts at the first uncommitted record',
      'close waits for a running handler and makes it stale',
    ],
    mutate: (log) =>
      onAssignments(log, (real) => ({ commit: (last) => real.commit(last).catch(unless('assignment_stale')) })),
  },
  'never says that a slice is stale': {
    caughtBy: ['close waits for a running handler and makes it stale'],
    mutate: (log) => onSlices(log, (slice, hand) => hand({ ...slice, isStale: () => false })),
  },
  'keeps partitions from a second member': {
    caughtBy: ['members share the partitions; joining and leaving loses and repeats nothing'],
    mutate(log) {
      let members = 0
      return replace(log, {
        consume: async (group, onSlice, options) =>
          members++ === 0 ? log.consume(group, onSlice, options) : { stop: async () => {} },
      })
    },
  },
  'skips the first record of a new tenant': {
    caughtBy: ['members share the partitions; joining and leaving loses and repeats nothing'],
    mutate(log) {
      const known = new WeakSet<Assignment>()
      return onSlices(log, async (slice, hand) => {
        if (known.has(slice.assignment)) return hand(slice)
        known.add(slice.assignment)
        const [skipped, ...records] = slice.records
        await slice.assignment.commit(skipped?.position.offset ?? slice.first)
        if (records.length > 0) await hand({ ...slice, first: slice.first + 1, records })
      })
    },
  },
  'swallows the rejection of a handler': {
    caughtBy: ['a handler that rejects gets its records again'],
    mutate: (log) => onSlices(log, (slice, hand) => hand(slice).catch(() => undefined)),
  },
  'hands a slice out backwards': {
    caughtBy: ['records come in the order of their appends within a partition'],
    mutate: (log) => onSlices(log, (slice, hand) => hand({ ...slice, records: [...slice.records].reverse() })),
  },
  'hands out slices of any size': {
    caughtBy: ['slices keep to their limits'],
    mutate: (log) =>
      onSlices(
        log,
        (slice, hand) => hand(slice),
        () => ({}),
      ),
  },
  'runs two handlers of a partition at once': {
    caughtBy: ['slices of one partition come one after another'],
    mutate: (log) =>
      onSlices(log, async (slice, hand) => {
        void hand(slice)
      }),
  },
  'keeps bytes as text': {
    caughtBy: ['header and body come back identical, binary and gzip'],
    mutate: (log) =>
      replace(log, {
        append: ({ header, body }) => log.append({ header, body: Buffer.from(Buffer.from(body).toString('utf8')) }),
      }),
  },
  'drops a field of the header': {
    caughtBy: ['header and body come back identical, binary and gzip'],
    mutate: (log) =>
      replace(log, {
        append: ({ header: { client: _, ...header }, body }) => log.append({ header, body }),
      }),
  },
  'loses a large record': {
    caughtBy: ['a record of 9 MiB passes'],
    mutate: (log) =>
      replace(log, {
        append: (record) =>
          record.body.length > 8_388_608
            ? Promise.resolve({ log_id: log.log_id, partition: 0, offset: 0 })
            : log.append(record),
      }),
  },
  'gives every record the same place': {
    caughtBy: ['concurrent appends get distinct, contiguous offsets in every partition'],
    mutate: (log) => replace(log, { append: async (record) => ({ ...(await log.append(record)), offset: 0 }) }),
  },
  'takes a record of any age': {
    caughtBy: ['a record older than 20 s is refused'],
    mutate: (log) =>
      replace(log, {
        append: ({ header, body }) =>
          log.append({ header: { ...header, received_at: new Date().toISOString() }, body }),
      }),
  },
  'makes one group of all groups': {
    caughtBy: ['two groups each get everything', 'a group gets what another one has committed while it was away'],
    mutate: (log) => replace(log, { consume: (_, onSlice, options) => log.consume('shared', onSlice, options) }),
  },
  'counts records as lines': {
    caughtBy: ['backlog and progress follow appends and commits, and outlive a reopening'],
    mutate: (log) =>
      replace(log, {
        backlog: async (group) => {
          const backlog = await log.backlog(group)
          return { ...backlog, lines: backlog.records }
        },
      }),
  },
  'takes records for lines in what waits': {
    caughtBy: ['it tells whose lines wait, until they are committed and over a reopening'],
    mutate: (log) =>
      replace(log, {
        waitingLines: async (group) => {
          const { lines, ...waiting } = await log.waitingLines(group)
          return { ...waiting, lines: new Map([...lines.keys()].map((project) => [project, 1])) }
        },
      }),
  },
  'tells what waits beside places of another moment': {
    caughtBy: ['the lines that wait are those of the places told with them, while records come and go'],
    mutate: (log) =>
      replace(log, {
        waitingLines: async (group) => {
          const partitions = await log.progress(group)
          // As one that looks twice and lets records come and go between the two.
          await new Promise((resolve) => setTimeout(resolve, 20))
          return { ...(await log.waitingLines(group)), partitions }
        },
      }),
  },
  'forgets appends under way in the watermark': {
    caughtBy: ['the watermark stays behind an append that is under way'],
    mutate: (log) =>
      replace(log, {
        watermark: async (group) => {
          const { records, oldest_ms } = await log.backlog(group)
          return new Date(Date.now() - 1 - (records > 0 ? oldest_ms : 0)).toISOString()
        },
      }),
  },
  'forgets uncommitted records in the watermark': {
    caughtBy: ['the watermark stays behind every record that is not committed'],
    mutate: (log) => replace(log, { watermark: async () => new Date(Date.now() - 1).toISOString() }),
  },
  'has a watermark that never moves': {
    caughtBy: ['the watermark never steps back, and passes what is committed once drained'],
    mutate: (log) => replace(log, { watermark: async () => '2020-01-01T00:00:00.000Z' }),
  },
  'forgets a watermark that it handed out': {
    caughtBy: ['the watermark does not go back over a reopening, and nothing comes behind it then'],
    mutate(log) {
      const wasUsed = log.progress('sink').then((places) => places.some(({ committed }) => committed > 0))
      return replace(log, {
        watermark: async (group) => ((await wasUsed) ? '2020-01-01T00:00:00.000Z' : log.watermark(group)),
      })
    },
  },
  'passes what nobody commits': {
    caughtBy: ['a sink that is down holds the watermark, also over a reopening'],
    mutate: (log) => replace(log, { watermark: async () => new Date().toISOString() }),
  },
  'waits for every partition to get something': {
    caughtBy: ['partitions that get nothing hold no watermark back'],
    mutate: (log) =>
      replace(log, {
        watermark: async (group) => {
          const isIdle = (await log.progress(group)).some(({ end }) => end === 0)
          return isIdle ? '2020-01-01T00:00:00.000Z' : log.watermark(group)
        },
      }),
  },
  'appends after close': {
    caughtBy: ['append and consume after close are refused'],
    mutate: (log) =>
      replace(log, {
        append: (record) => log.append(record).catch(() => ({ log_id: log.log_id, partition: 0, offset: 0 })),
      }),
  },
  'keeps the buffer of the caller': {
    caughtBy: ['the caller may reuse the bytes of a record once append resolved'],
    mutate(log) {
      const bodies = new Map<string, Uint8Array>()
      const keeping = replace(log, {
        append: (record) => {
          bodies.set(record.header.request_id, record.body)
          return log.append(record)
        },
      })
      return onRecords(keeping, (record) => ({ ...record, body: bodies.get(record.header.request_id) ?? record.body }))
    },
  },
  'has a new log id at every opening': {
    caughtBy: ['what was appended is there after closing and opening again, under the same log id'],
    mutate: (log) => replace(log, { log_id: randomUUID() }),
  },
  'leaves a partition out': {
    caughtBy: ['one member gets every record of every partition'],
    mutate: (log) =>
      onSlices(log, (slice, hand) => (slice.partition === 0 ? slice.assignment.commit(slice.last) : hand(slice))),
  },
  'delivers only what was there before the member': {
    caughtBy: ['a waiting member gets a record that is appended later'],
    mutate(log) {
      const joined = log.progress('sink')
      return onSlices(log, async (slice, hand) => {
        if (slice.last < ((await joined)[slice.partition]?.end ?? 0)) await hand(slice)
      })
    },
  },
  'is never drained': {
    caughtBy: ['an empty log delivers nothing and is drained'],
    mutate: (log) => replace(log, { backlog: async (group) => ({ ...(await log.backlog(group)), oldest_ms: 1 }) }),
  },
  'commits only what was proposed': {
    caughtBy: ['committing without a proposal is possible and does not come again'],
    mutate: (log) =>
      onAssignments(log, (real) => ({
        commit: async (last) => {
          if ((await real.recoverBoundary()) !== null) await real.commit(last)
        },
      })),
  },
  'lets a record in behind a watermark': {
    caughtBy: ['a record behind a watermark already handed out is never delivered as such'],
    mutate(log) {
      const stamps = new Map<string, string>()
      const remembering = replace(log, {
        append: (record) => {
          stamps.set(record.header.request_id, record.header.received_at)
          return log.append(record)
        },
      })
      return onRecords(remembering, (record) => {
        const received_at = stamps.get(record.header.request_id) ?? record.header.received_at
        return { ...record, header: { ...record.header, received_at } }
      })
    },
  },
}
