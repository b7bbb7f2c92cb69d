import { FlywheelError } from '@flywheel/schema'
import { engineMessage } from '../engine-failure.js'

/** Another process has the data directory. */
export function lockedFailure(path: string, pid: number, cause?: unknown): FlywheelError {
  return new FlywheelError(
    'store_locked',
    `The data directory ${path} is in use by process ${pid}; stop that one or choose another with --data-dir.`,
    { cause },
  )
}

/** Turns an error of opening a data directory into one sentence that says what to do. */
export function openFailure(error: unknown, path: string): FlywheelError {
  const message = engineMessage(error)
  if (message.includes('only one active data directory per process')) {
    return new FlywheelError(
      'store_locked',
      `This process already has another data directory open; close it before opening ${path}.`,
      { cause: error },
    )
  }
  const code = (error as { code?: unknown }).code
  if (['CHDB_PLATFORM', 'CHDB_ABI', 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(String(code))) {
    return new FlywheelError(
      'store_unavailable',
      `The embedded ClickHouse (npm package chdb) has no binary for this machine (${process.platform}-${process.arch}): ` +
        'it needs macOS or a Linux with glibc, so neither Alpine (musl) nor Windows (use WSL2 there); ' +
        'on such a machine run npm ci with optional dependencies.',
      { cause: error },
    )
  }
  return new FlywheelError('store_unavailable', `The data directory ${path} cannot be opened: ${message}`, {
    cause: error,
  })
}
