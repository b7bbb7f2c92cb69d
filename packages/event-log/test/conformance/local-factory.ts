import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLocalLog } from '@flywheel/event-log'
import type { LogFactory } from '@flywheel/event-log/conformance'

const CHILD = fileURLToPath(new URL('./local-child.ts', import.meta.url))

/** The real local log in a temporary directory, opened in a child as the named mutant if there is one. */
export function localFactory(mutant = 'none'): LogFactory {
  return {
    async create({ partitions }) {
      const path = mkdtempSync(join(tmpdir(), 'flywheel-log-'))
      return {
        open: () => openLocalLog({ path, partitions }),
        childCommand: (scenario) => ({
          command: process.execPath,
          args: ['--conditions=@flywheel/source', '--import', 'tsx', CHILD, path, String(partitions), scenario, mutant],
        }),
        cleanup: async () => rmSync(path, { recursive: true, force: true }),
      }
    },
  }
}
