import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Database, insertRows, migrate } from '@flywheel/store'
import { BLOCK, projectRow, withdrawals } from './traffic/traffic.js'
import type { BlocksAsked, BlocksMade } from './traffic-rows.js'

/** Blocks of one insert: 4,000 interactions, some 16 MB. */
const AT_ONCE = 20

/**
 * Fills an empty store with made traffic of so many interactions, a multiple of 200, through the store's own insert.
 * What came twice is inserted last and not merged, so that reads have to choose, as in a store that is written to.
 */
export async function fillStore(db: Database, interactions: number, say: (line: string) => void): Promise<void> {
  await migrate(db)
  await insertRows(db, 'projects', [projectRow()])
  await insertRows(db, 'consents', withdrawals(interactions))
  const child = fork(fileURLToPath(new URL('./traffic-rows.ts', import.meta.url)), [], { serialization: 'advanced' })
  const blocks = interactions / BLOCK.interactions
  const ask = async (from: number): Promise<BlocksMade> => {
    const asked: BlocksAsked = { from, to: Math.min(from + AT_ONCE, blocks), size: interactions }
    const answer = once(child, 'message')
    child.send(asked)
    const [made] = (await answer) as [BlocksMade]
    return made
  }
  const repeats: BlocksMade['repeats'][] = []
  let next = ask(0)
  for (let from = 0; from < blocks; from += AT_ONCE) {
    const made = await next
    if (from + AT_ONCE < blocks) next = ask(from + AT_ONCE)
    for (const table of ['interactions', 'feedback', 'links'] as const) await db.insert(table, made[table])
    repeats.push(made.repeats)
    if ((from / AT_ONCE) % 25 === 24) say(`${(from + AT_ONCE) * BLOCK.interactions} of ${interactions} interactions`)
  }
  child.disconnect()
  for (const table of ['interactions', 'feedback', 'links']) await db.command(`OPTIMIZE TABLE ${table} FINAL`)
  for (const table of ['interactions', 'feedback'] as const) {
    await db.insert(table, Buffer.concat(repeats.flatMap((each) => [each[table], Buffer.from('\n')])))
  }
}
