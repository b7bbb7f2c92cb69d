import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** When process `pid` started, as an opaque text, or '' if it does not run. A pid alone is reused after a crash. */
export function startTimeOf(pid: number): string {
  try {
    // Field 22 counts clock ticks since boot; field 2 may hold spaces and brackets, so count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    try {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    } catch {
      return ''
    }
  }
}

/** True while the very process that is described still runs. */
export function isAlive(owner: { pid: number; started: string }): boolean {
  const started = startTimeOf(owner.pid)
  return started !== '' && started === owner.started
}
