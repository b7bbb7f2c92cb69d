/**
 * Inserts batches of 200 interactions, one after another, for ever. Prints the number of a batch when its insert has
 * resolved. Every row of batch n carries `session_id` n, and ids come from the batch and the row alone.
 */
import { migrate, openEmbedded } from '../../src/index.js'
import { batchOf } from './batch.js'

const db = await openEmbedded({ path: process.argv[2]! })
await migrate(db)
for (let batch = Number(process.argv[3]); ; batch++) {
  await db.insert('interactions', batchOf(batch), { token: `batch-${batch}` })
  process.stdout.write(`${batch}\n`)
}
