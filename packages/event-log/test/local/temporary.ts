import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalLog, type LocalLogOptions, openLocalLog } from '@flywheel/event-log'

/** Runs `body` with a fresh directory, which is removed afterwards. */
export async function inFolder<T>(body: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-log-'))
  try {
    return await body(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

/** Runs `body` with an open log, which is closed afterwards. */
export async function withLog<T>(options: LocalLogOptions, body: (log: LocalLog) => Promise<T>): Promise<T> {
  const log = await openLocalLog(options)
  try {
    return await body(log)
  } finally {
    await log.close()
  }
}
