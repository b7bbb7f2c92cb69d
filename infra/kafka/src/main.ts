import { startBrokers } from './start-brokers.js'

// npm start -w @flywheel/kafka-brokers -- [1|3]: brokers until Ctrl-C, for development.
const count = process.argv[2] ?? '1'
if (count !== '1' && count !== '3') {
  console.error(`The number of brokers is 1 or 3, not ${count}.`)
  process.exit(2)
}
const kafka = await startBrokers({ brokers: count === '3' ? 3 : 1 })
console.log(`KAFKA_BROKERS=${kafka.bootstrap.join(',')}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void kafka.close())
