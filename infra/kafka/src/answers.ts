import { connect } from 'node:net'

// ApiVersions, version 0, correlation 1, no client id: a broker answers it once it takes requests, not when its port opens.
const REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])

/** True if a broker takes requests at the port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST))
    const end = (outcome: boolean): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}
