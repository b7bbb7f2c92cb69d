import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Completion } from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'

const LOCK_WRITTEN_MS = 200

/** The answers taken so far for one shard, on disk as they come: a run that is killed loses those under way alone. */
export interface Journal {
  readonly taken: ReadonlyMap<string, Completion>
  add(rowId: string, answer: Completion): Promise<void>
  close(): Promise<void>
}

interface Line {
  row_id: string
  answer: Completion
}

function parsedLine(text: string): Line | null {
  try {
    return JSON.parse(text) as Line
  } catch {
    return null
  }
}

/** Opens the journal of a shard; the torn last line of a killed run is cut off. */
export async function openJournal(folder: string, name: string): Promise<Journal> {
  const path = join(folder, `${name}.jsonl`)
  const text = await readFile(path, 'utf8').catch(() => '')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const taken = new Map<string, Completion>()
  for (const line of whole.split('\n')) {
    const entry = line === '' ? null : parsedLine(line)
    if (entry !== null) taken.set(entry.row_id, entry.answer)
  }
  if (whole.length !== text.length) await writeFile(path, whole, { mode: 0o600 })
  const file = await open(path, 'a', 0o600)
  return {
    taken,
    async add(row_id, answer) {
      taken.set(row_id, answer)
      // One write a line: two that end at once do not mix.
      await file.appendFile(`${JSON.stringify({ row_id, answer })}\n`)
    },
    close: () => file.close(),
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function holderOf(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8').catch(() => ''))
}

/**
 * Takes a folder for this process alone; a lock that a killed one left is taken over.
 * @returns gives it back
 * @throws CliError where another process that lives has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'lock')
  for (;;) {
    try {
      // Made by one of two that begin at once, and never written over.
      await writeFile(path, `${process.pid}`, { mode: 0o600, flag: 'wx' })
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    // Made and not written yet, by one that begins at this moment.
    if ((await holderOf(path)) === 0) await setTimeout(LOCK_WRITTEN_MS)
    const holder = await holderOf(path)
    if (Number.isInteger(holder) && holder > 0 && holder !== process.pid && isAlive(holder)) {
      const message = `Process ${holder} is sampling into ${folder}; wait for it, or name another --out (where that process is another program, remove ${path})`
      throw new CliError(EXIT.failed, message)
    }
    await rm(path, { force: true })
  }
}
