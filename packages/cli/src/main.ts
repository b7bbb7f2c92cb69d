import { run } from './program.js'

// A reader that has seen enough (`flywheel list | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

// Set, not passed to process.exit: what stdout still holds for a slow pipe is written first.
process.exitCode = await run(process.argv.slice(2))
