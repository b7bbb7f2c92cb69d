import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/**
 * Starts a thread of this package from the file that was built beside this one, or from its source.
 * @param name of the file, without its ending
 */
export function startThread(name: 'worker' | 'unit-thread', workerData: object): Worker {
  const built = new URL(`./${name}.js`, import.meta.url)
  if (existsSync(fileURLToPath(built))) return new Worker(built, { workerData })
  // From sources: on Node 20 a worker's own `--import tsx` registers nothing, so the worker registers it by hand.
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const source = JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href)
  const code = `import { register } from ${loader}; register(); await import(${source})`
  const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  return new Worker(entry, { workerData, execArgv: ['--conditions=@flywheel/source'] })
}
