import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Whose a segment is: what stands in its file's name. */
export interface Owner {
  readonly pid: number
  /** When the process started, in ticks since boot; 0 where the system does not tell. */
  readonly start: string
  /** The machine, its boot and its namespace of process ids. */
  readonly place: string
  /** Tells two clients of one process apart. */
  readonly client: string
}

const OWNER = /^(\d+)-(\d+)-([0-9a-f]+)-([0-9a-f]+)$/

/** An owner nobody is: its segments are there for the taking. */
export const NOBODY = 'free'

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** State and start of a process, from `/proc`; undefined where that is not to be had. */
function processOf(pid: number | 'self'): { state: string; start: string } | undefined {
  const stat = text(`/proc/${pid}/stat`)
  // The name may hold spaces and parentheses; what follows its last one are the fields from the third on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat ? { state: fields[0] ?? '', start: fields[19] ?? '0' } : undefined
}

function here(): string {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: one namespace a machine.
  }
  const boot = text('/proc/sys/kernel/random/boot_id')
  return createHash('sha256').update(`${hostname()} ${boot} ${namespace}`).digest('hex').slice(0, 12)
}

/** A new owner in this process. */
export function ownerHere(): Owner {
  const start = processOf('self')?.start ?? '0'
  return { pid: process.pid, start, place: here(), client: randomBytes(6).toString('hex') }
}

export function ownerName({ pid, start, place, client }: Owner): string {
  return `${pid}-${start}-${place}-${client}`
}

export function parseOwner(name: string): Owner | null {
  const match = OWNER.exec(name)
  if (!match) return null
  return { pid: Number(match[1]), start: match[2] ?? '', place: match[3] ?? '', client: match[4] ?? '' }
}

/**
 * True if the owner has ended, false if it runs, undefined if that cannot be seen from here (another machine or
 * container, or a system without `/proc`): then only the silence of its files tells.
 */
export function hasEnded(owner: Owner, me: Owner): boolean | undefined {
  if (owner.place !== me.place) return undefined
  const running = processOf(owner.pid)
  // A process id is given out again; a killed process that nobody has reaped still has one.
  if (running && owner.start !== '0') return running.start !== owner.start || running.state === 'Z'
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? true : undefined
  }
  return undefined
}
