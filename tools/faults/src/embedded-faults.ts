import { setTimeout as sleep } from 'node:timers/promises'
import type { Embedded } from './embedded.js'
import { eraseSubject } from './erase.js'
import type { Fault } from './faults.js'
import { repeatBatch } from './repeat.js'
import { mountSmallDisk } from './small-disk.js'

const MEBIBYTE = 1024 * 1024
const HOUR = 3_600_000
/** Free bytes that the log wants to leave. */
const LOG_LEAVES = 256 * MEBIBYTE

const kill: Fault<Embedded> = {
  name: 'kill',
  async strike({ system, random }) {
    const moments: number[] = []
    for (let kills = random.integer(1, 3); kills > 0; kills--) {
      await system.server.kill()
      system.server.launch()
      // Sometimes in the midst of its recovery.
      const moment = random.integer(200, 5000)
      moments.push(moment)
      if (kills > 1) await sleep(moment)
    }
    return `kill -9, ${moments.length} times`
  },
}

const suspend: Fault<Embedded> = {
  name: 'suspend',
  async strike({ system, isShort }) {
    const seconds = isShort ? 3 : 20
    system.server.suspend()
    await sleep(seconds * 1000)
    system.server.resume()
    return `SIGSTOP for ${seconds} s`
  },
}

const restart: Fault<Embedded> = {
  name: 'restart',
  async strike({ system }) {
    await system.server.terminate()
    return 'SIGTERM and a new start'
  },
}

const disk: Fault<Embedded> = {
  name: 'disk',
  async strike({ system, isShort }) {
    await system.server.terminate()
    const small = mountSmallDisk(`${system.dataDir}/log`, LOG_LEAVES + 64 * MEBIBYTE)
    try {
      await system.server.start()
      await sleep(1000)
      small.fill(LOG_LEAVES / 2)
      await sleep(isShort ? 2000 : 5000)
      small.fill(0)
      await sleep(isShort ? 2000 : 5000)
      small.empty()
      await sleep(2000)
      const survived = system.server.isRunning ? 'the server lived on' : 'the server ended and is started again'
      await system.server.start()
      await system.server.terminate()
      return `log on a tmpfs: below its reserve, then no byte free; ${survived}`
    } finally {
      await system.server.kill()
      small.remove()
    }
  },
}

const clock: Fault<Embedded> = {
  name: 'clock',
  async strike({ system, random }) {
    const ahead = random.chance(0.5) ? HOUR : -HOUR
    system.shiftClock(ahead)
    await sleep(1500)
    const isKilled = random.chance(0.5)
    if (isKilled) {
      await system.server.kill()
      await system.server.start()
      await sleep(1000)
    }
    system.shiftClock(0)
    return `clock ${ahead > 0 ? 'an hour ahead' : 'an hour back'}${isKilled ? ', kill -9' : ''} and right again`
  },
}

/** Every fault that the embedded profile is put through. */
export const EMBEDDED_FAULTS: readonly Fault<Embedded>[] = [
  kill,
  suspend,
  restart,
  disk,
  clock,
  repeatBatch((system) => system.server),
  eraseSubject,
]
