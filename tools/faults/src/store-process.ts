// The embedded store on ClickHouse's HTTP interface, as a process of its own that a fault can kill. Arguments: the
// folder, the port, the key. It stands in for a ClickHouse server: the same engine behind the same protocol.
import { createServer } from 'node:http'
import { openEmbedded, serveClickHouse } from '@flywheel/store'

const [path = '', port = '', key = '', healthPort = ''] = process.argv.slice(2)
const db = await openEmbedded({ path })
const front = await serveClickHouse({
  path,
  port: Number(port),
  isWritable: true,
  authorize: (given) => given === key,
  limits: { max_execution_time: 120, max_memory_usage: 2 ** 31 },
})
const health = createServer((_, response) => response.end('ok\n')).listen(Number(healthPort), '127.0.0.1')
process.on('SIGTERM', () => {
  health.close()
  void front
    .close()
    .then(() => db.close())
    .then(() => process.exit(0))
})
