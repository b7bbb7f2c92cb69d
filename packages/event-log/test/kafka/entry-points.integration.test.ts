import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Packages that a process has loaded after importing an entry point. */
function loadedBy(entry: string): string {
  const script = `await import('${entry}'); console.log(process.moduleLoadList.join('\\n') + Object.keys((await import('node:module')).createRequire('${import.meta.url}').cache).join('\\n'))`
  const flags = ['--conditions=@flywheel/source', '--import', 'tsx', '--input-type=module', '-e', script]
  return execFileSync(process.execPath, flags, { encoding: 'utf8', cwd: new URL('.', import.meta.url) })
}

it('the embedded profile loads no Kafka client, and the Kafka log no LMDB', () => {
  const embedded = loadedBy('@flywheel/event-log')
  expect(embedded).toContain('lmdb')
  expect(embedded).not.toContain('node_modules/kafkajs')
  const kafka = loadedBy('@flywheel/event-log/kafka')
  expect(kafka).toContain('node_modules/kafkajs')
  expect(kafka).not.toContain('lmdb')
})
