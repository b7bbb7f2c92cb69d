export { type MemoryTransport, memoryTransport, type TransportFailure } from './memory-transport.js'
