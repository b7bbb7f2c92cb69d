export type { Broker } from './broker.js'
export { kafkaMissing } from './missing.js'
export type { Credentials } from './security.js'
export { type Brokers, type BrokersOptions, startBrokers } from './start-brokers.js'
