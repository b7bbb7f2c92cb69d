import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Completion } from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'

/** What is kept of a row: the endpoint's answer, or that it would not take the row. */
export type Taken = Completion | { failed: 'refused_by_endpoint' }

/** The answers taken so far for one shard, on disk as they come: a run that is killed loses those under way alone. */
export interface Journal {
  readonly taken: ReadonlyMap<string, Taken>
  add(rowId: string, answer: Taken): Promise<void>
  close(): Promise<void>
}

interface Line {
  row_id: string
  answer: Taken
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
  const taken = new Map<string, Taken>()
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

/**
 * Takes a folder for this process alone; a lock that a killed one left is taken over.
 * @returns gives it back
 * @throws CliError where another process that lives has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'lock')
  const holder = Number(await readFile(path, 'utf8').catch(() => ''))
  if (Number.isInteger(holder) && holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw new CliError(EXIT.failed, `Process ${holder} is sampling into ${folder}; wait for it, or name another --out`)
  }
  await writeFile(path, `${process.pid}`, { mode: 0o600 })
  return () => rm(path, { force: true })
}
