import { run } from './program.js'

// Set, not passed to process.exit: what stdout still holds for a slow pipe is written first.
process.exitCode = await run(process.argv.slice(2))
