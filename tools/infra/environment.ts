import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Read by Node, by images and by OpenTelemetry's own code. */
const ALWAYS = ['NODE_OPTIONS', 'TZ']
const SHARED = ['packages/event-log/src/kafka/config.ts', 'packages/store/src/server/config.ts']

/** The environment variables that a workspace reads: every name in capitals in its sources and in the shared groups. */
export function environmentNames(repo: string, workspace: string): Set<string> {
  const own = readdirSync(join(repo, workspace, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const names = new Set(ALWAYS)
  for (const path of [...own, ...SHARED.map((each) => join(repo, each))])
    for (const [name] of readFileSync(path, 'utf8').matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g))
      if (name === 'PORT' || name.includes('_')) names.add(name)
  return names
}
