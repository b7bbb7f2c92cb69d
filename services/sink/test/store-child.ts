import { migrate, openEmbedded, serveClickHouse } from '@flywheel/store'

// A store as a process of its own, on ClickHouse's HTTP interface. Prints its port; a second start takes the same one.
const [path, port] = process.argv.slice(2) as [string, string]
const db = await openEmbedded({ path })
await migrate(db)
const front = await serveClickHouse({ path, port: Number(port), isWritable: true, authorize: () => true })
process.stdout.write(`${front.port}\n`)
