// Loaded by --import into a server under test: shifts Date by what the file says, so that its clock can jump while it
// runs. Timers and performance.now go on undisturbed, as they do when an operator sets a real clock; the store's own
// engine and the system keep the true time.
import { readFileSync } from 'node:fs'

const file = process.env.FLYWHEEL_FAULTS_CLOCK
const RealDate = Date
let shift = 0

function read() {
  try {
    shift = Number(readFileSync(file, 'utf8')) || 0
  } catch {
    shift = 0
  }
}

if (file !== undefined) {
  read()
  setInterval(read, 20).unref()
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(RealDate.now() + shift)
      else super(...given)
    }
    static now() {
      return RealDate.now() + shift
    }
  }
}
