import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** One created event, as the process that made it remembers it. */
export interface JournalEntry {
  type: string
  id: string
}

export interface Journal {
  write(entry: JournalEntry): void
  close(): void
}

/**
 * The traffic's own account of what it created, written before anything is sent. Every entry reaches the kernel at
 * once (it survives the process) and the disk within 20 ms (it survives the machine), so that it can testify
 * against the server.
 */
export function openJournal(path: string): Journal {
  const file = openSync(path, 'a')
  let timer: NodeJS.Timeout | undefined
  const sync = (): void => {
    timer = undefined
    fdatasyncSync(file)
  }
  return {
    write(entry) {
      writeSync(file, `${JSON.stringify(entry)}\n`)
      timer ??= setTimeout(sync, 20)
    },
    close() {
      clearTimeout(timer)
      fdatasyncSync(file)
      closeSync(file)
    },
  }
}

/** What a journal holds; a last line that was cut off by a crash is left out. */
export function readJournal(path: string): JournalEntry[] {
  const text = readFileSync(path, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalEntry)
}
