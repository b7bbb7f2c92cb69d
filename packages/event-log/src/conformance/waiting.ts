import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFlywheelError } from '@flywheel/schema'
import { PATIENCE_MS } from './patience.js'

/** Polls until `holds` is true. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    assert.ok(performance.now() < until, `never happened: ${what}`)
    await sleep(5)
  }
}

/** A promise that is resolved by hand. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function createGate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Waits for a rejection with a FlywheelError of one of `codes`. */
export async function refused(what: string, attempt: Promise<unknown>, ...codes: string[]): Promise<void> {
  const outcome = await attempt.then(
    () => null,
    (error: unknown) => error ?? 'nothing',
  )
  assert.ok(outcome !== null, `${what} was not refused`)
  assert.ok(isFlywheelError(outcome), `${what} was refused with ${String(outcome)}, not with a FlywheelError`)
  const { code } = outcome as unknown as { code: string }
  assert.ok(codes.includes(code), `${what} was refused with ${code}, expected ${codes.join(' or ')}`)
}

/** Runs `body` with a gate that is open afterwards in any case: a handler left waiting would keep `close` waiting. */
export async function withGate(body: (gate: Gate) => Promise<void>): Promise<void> {
  const gate = createGate()
  try {
    await body(gate)
  } finally {
    gate.open()
  }
}
