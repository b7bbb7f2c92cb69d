import { openKafkaLog } from '@flywheel/event-log/kafka'
import { runChild, type Scenario } from '../../src/conformance/child.js'
import { QUICK } from './kafka-factory.js'

const [brokers, topic, scenario] = process.argv.slice(2) as [string, string, Scenario]
await runChild(await openKafkaLog({ brokers: brokers.split(','), topic, ...QUICK }), scenario)
