/** Opens the store at argv[2], inserts the lines of argv[3] into `interactions` and into an unzoned copy, and closes. */
import { migrate, openEmbedded } from '../../src/index.js'

const db = await openEmbedded({ path: process.argv[2]! })
await migrate(db)
await db.command(
  `CREATE TABLE IF NOT EXISTS unzoned (id UUID, t DateTime64(3) MATERIALIZED UUIDv7ToDateTime(id))
   ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(t) ORDER BY (t, id)`,
)
const lines = Buffer.from(process.argv[3]!)
await db.insert('interactions', lines)
await db.insert('unzoned', lines)
const [row] = await db.query<{ zone: string }>('SELECT timezone() AS zone')
console.log(row?.zone)
await db.close()
