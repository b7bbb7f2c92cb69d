import type { ExportPort } from '@flywheel/api'
import { FlywheelError } from '@flywheel/schema'

/** Exports of this process. */
export interface Exports extends ExportPort {
  errors(): { part: string; at: string; code: string; message: string }[]
  close(): Promise<void>
}

export async function createExports(_parts: object): Promise<Exports> {
  return {
    async run() {
      throw new FlywheelError('store_unavailable', 'Exports are not wired yet')
    },
    errors: () => [],
    async close() {},
  }
}
