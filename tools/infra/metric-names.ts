import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMetrics } from '@flywheel/runtime'

/** Of Kubernetes itself; the rules name them where nothing of ours knows. */
const OF_KUBERNETES = ['kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes']

/** Metrics and their labels, as the sources of the services name them, and those of Node that every service shows. */
export async function metricNames(repo: string): Promise<Map<string, ReadonlySet<string>>> {
  const names = new Map<string, ReadonlySet<string>>()
  const everywhere = ['instance', 'job', 'namespace', 'pod', 'persistentvolumeclaim']
  const add = (name: string, kind: string, labels: string[]): void => {
    const known = new Set([...everywhere, ...labels])
    if (kind !== 'histogram') return void names.set(name, known)
    for (const suffix of ['_bucket', '_sum', '_count']) names.set(name + suffix, new Set([...known, 'le']))
  }
  for (const service of readdirSync(join(repo, 'services'))) {
    for (const entry of readdirSync(join(repo, 'services', service, 'src'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
      const made = /\.(counter|gauge|histogram)\(\s*'(\w+)',\s*(?:'[^']*'|"[^"]*"|`[^`]*`),?\s*(?:\[([^\]]*)\])?/g
      for (const [, kind = '', name = '', labels = ''] of text.matchAll(made))
        add(
          name,
          kind,
          [...labels.matchAll(/'(\w+)'/g)].map(([, label = '']) => label),
        )
    }
  }
  for (const [, name = '', kind = ''] of (await createMetrics({ process: true }).text()).matchAll(
    /^# TYPE (\w+) (\w+)$/gm,
  ))
    add(name, kind, [])
  for (const name of OF_KUBERNETES) add(name, 'gauge', [])
  return names
}
