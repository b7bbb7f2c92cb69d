import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Assignment,
  Boundary,
  ConsumeOptions,
  EventLog,
  Position,
  PositionedRecord,
  Slice,
} from '@flywheel/event-log'
import { FlywheelError, type LogRecord } from '@flywheel/schema'

// A second implementation, in memory, that differs from the local log wherever Kafka will: offsets begin elsewhere, the
// partition is drawn at random, appends take a while, slices have any size, a rebalance takes time, the watermark has slack.

const SLACK_MS = 1_500
const REBALANCE_MS = 40
const FIRST_OFFSET = 5_000

interface GroupState {
  committed: number[]
  proposed: (Boundary | null)[]
  members: Member[]
  tenants: (Tenant | null)[]
  /** The greatest one handed out, Unix milliseconds. */
  watermark: number
}

interface Member {
  options: ConsumeOptions
  onSlice: (slice: Slice) => Promise<void>
  running: Set<Promise<void>>
}

interface Tenant {
  member: Member
  ended: AbortController
}

/** What outlives a close. */
export interface MemoryDisk {
  records: PositionedRecord[][]
  groups: Map<string, GroupState>
}

export function createMemoryDisk(partitions: number): MemoryDisk {
  return { records: Array.from({ length: partitions }, () => []), groups: new Map() }
}

const stale = (): FlywheelError => new FlywheelError('assignment_stale', 'The partition has moved.')
const pick = (below: number): number => Math.floor(Math.random() * below)

export function openMemoryLog(disk: MemoryDisk): EventLog {
  const count = disk.records.length
  let isClosed = false
  const pending = new Set<Promise<unknown>>()

  const groupOf = (name: string): GroupState => {
    let group = disk.groups.get(name)
    if (group === undefined) {
      group = {
        committed: disk.records.map(() => FIRST_OFFSET),
        proposed: disk.records.map(() => null),
        members: [],
        tenants: disk.records.map(() => null),
        watermark: 0,
      }
      disk.groups.set(name, group)
    }
    return group
  }

  const endOf = (partition: number): number => FIRST_OFFSET + (disk.records[partition]?.length ?? 0)

  const openRecords = (name: string): PositionedRecord[] => {
    const { committed } = groupOf(name)
    return disk.records.flatMap((held, partition) => held.slice((committed[partition] ?? 0) - FIRST_OFFSET))
  }

  const oldestOf = (records: readonly LogRecord[]): number =>
    Math.min(Number.POSITIVE_INFINITY, ...records.map(({ header }) => Date.parse(header.received_at)))

  async function runTenant(group: GroupState, partition: number, tenant: Tenant): Promise<void> {
    const { signal } = tenant.ended
    let offset = group.committed[partition] as number
    let delivered = offset
    const guard = (): void => {
      if (signal.aborted) throw stale()
    }
    const assignment: Assignment = {
      log_id: 'memory',
      partition,
      signal,
      isStale: () => signal.aborted,
      heartbeat: async () => guard(),
      recoverBoundary: async () => {
        guard()
        return group.proposed[partition] ?? null
      },
      propose: async ({ first, last }) => {
        await sleep(1)
        guard()
        const now = group.proposed[partition]
        if (now != null && (now.first !== first || now.last !== last))
          throw new FlywheelError('conflict', 'Another stands.')
        if (first !== group.committed[partition] || last < first || (now == null && last >= delivered)) {
          throw new FlywheelError('invalid_request', 'Not a range that was delivered.')
        }
        group.proposed[partition] = { first, last }
      },
      commit: async (last) => {
        await sleep(1)
        guard()
        const now = group.proposed[partition]
        if (now != null && last !== now.last) throw new FlywheelError('conflict', 'Another stands.')
        if (last >= delivered) throw new FlywheelError('invalid_request', 'Not delivered.')
        group.committed[partition] = Math.max(group.committed[partition] as number, last + 1)
        group.proposed[partition] = null
      },
    }
    while (!signal.aborted) {
      await sleep(2)
      const waiting = (disk.records[partition] ?? []).slice(offset - FIRST_OFFSET)
      const most = 1 + pick(Math.min(waiting.length, tenant.member.options.slice_records ?? 64))
      const records: PositionedRecord[] = []
      let bytes = 0
      for (const record of waiting.slice(0, most)) {
        bytes += record.header.inflated_bytes
        if (records.length > 0 && bytes > (tenant.member.options.slice_bytes ?? 1e7)) break
        records.push(record)
      }
      if (records.length === 0 || signal.aborted) continue
      const last = offset + records.length - 1
      delivered = Math.max(delivered, last + 1)
      const { heartbeat, isStale } = assignment
      const handled = tenant.member
        .onSlice({ partition, first: offset, last, records, assignment, heartbeat, isStale })
        .then(
          () => {
            offset = last + 1
          },
          () => {
            offset = Math.max(offset, group.committed[partition] as number)
          },
        )
      tenant.member.running.add(handled)
      await handled
      tenant.member.running.delete(handled)
    }
  }

  /** As in a consumer group: everyone loses everything, and gets its share after a while. */
  const rebalance = (group: GroupState): void => {
    for (const tenant of group.tenants) tenant?.ended.abort()
    group.tenants.fill(null)
    const members = [...group.members]
    setTimeout(() => {
      if (members.length === 0 || members.some((member, at) => group.members[at] !== member)) return
      if (members.length !== group.members.length || group.tenants.some((tenant) => tenant !== null)) return
      for (let partition = 0; partition < count; partition++) {
        const tenant = { member: members[partition % members.length] as Member, ended: new AbortController() }
        group.tenants[partition] = tenant
        void runTenant(group, partition, tenant)
      }
    }, REBALANCE_MS)
  }

  const assertOpen = (): void => {
    if (isClosed) throw new FlywheelError('log_unavailable', 'The log is closed.')
  }

  return {
    log_id: 'memory',
    partitions: count,
    async append({ header, body }) {
      assertOpen()
      if (Date.now() - Date.parse(header.received_at) >= 20_000) throw new FlywheelError('append_timeout', 'Too old.')
      const copy = Buffer.from(body)
      const partition = pick(count)
      const written = sleep(2).then((): Position => {
        const position = { log_id: 'memory', partition, offset: endOf(partition) }
        disk.records[partition]?.push({ header: structuredClone(header), body: copy, position })
        return position
      })
      pending.add(written)
      return written.finally(() => pending.delete(written))
    },
    async consume(name, onSlice, options = {}) {
      assertOpen()
      const group = groupOf(name)
      const member: Member = { options, onSlice, running: new Set() }
      group.members.push(member)
      rebalance(group)
      return {
        async stop() {
          if (!group.members.includes(member)) return
          group.members = group.members.filter((other) => other !== member)
          rebalance(group)
          await Promise.all(member.running)
        },
      }
    },
    async backlog(name) {
      const records = openRecords(name)
      return {
        records: records.length,
        lines: records.reduce((sum, { header }) => sum + header.lines.length, 0),
        bytes: records.reduce((sum, { header }) => sum + header.inflated_bytes, 0),
        oldest_ms: records.length === 0 ? 0 : Date.now() - oldestOf(records),
      }
    },
    async progress(name) {
      const { committed } = groupOf(name)
      return committed.map((offset, partition) => ({ partition, committed: offset, end: endOf(partition) }))
    },
    async waitingLines(name) {
      const { committed } = groupOf(name)
      const lines = new Map<string, number>()
      for (const { header } of openRecords(name)) {
        lines.set(header.project_id, (lines.get(header.project_id) ?? 0) + header.lines.length)
      }
      const partitions = committed.map((offset, partition) => ({ partition, committed: offset, end: endOf(partition) }))
      return { partitions, lines, incomplete: null }
    },
    async watermark(name) {
      // A record may be up to the slack behind the clock, so what was handed out stays true.
      const group = groupOf(name)
      group.watermark = Math.max(group.watermark, Math.min(Date.now(), oldestOf(openRecords(name))) - SLACK_MS)
      return new Date(group.watermark).toISOString()
    },
    async close() {
      isClosed = true
      for (const group of disk.groups.values()) {
        const { members } = group
        group.members = []
        rebalance(group)
        await Promise.all(members.flatMap((member) => [...member.running]))
      }
      await Promise.all(pending)
    },
  }
}
