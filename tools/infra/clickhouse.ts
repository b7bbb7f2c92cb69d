import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from './checks.js'

/** System logs that ClickHouse 26.7 writes unless its configuration says otherwise (its own config.xml). */
const WRITTEN_BY_DEFAULT = [
  'asynchronous_metric_log',
  'blob_storage_log',
  'error_log',
  'latency_log',
  'metric_log',
  'opentelemetry_span_log',
  'part_log',
  'processors_profile_log',
  'query_log',
  'query_metric_log',
  'query_thread_log',
  'query_views_log',
  'session_log',
  'text_log',
  'trace_log',
]

/** The ClickHouse server's configuration: well-formed, and every system log off or with a limit of time. */
export const clickhouse: Check = {
  name: 'clickhouse/flywheel.xml',
  async run({ infra }) {
    const text = readFileSync(join(infra, 'clickhouse/flywheel.xml'), 'utf8').replace(/<!--[\s\S]*?-->/g, '')
    const problems: string[] = []
    const open: string[] = []
    for (const [, slash, name = '', , empty] of text.matchAll(/<(\/?)(\w+)((?:\s+\w+="[^"]*")*)\s*(\/?)>/g)) {
      if (slash === '/') {
        const last = open.pop()
        if (last !== name) problems.push(`</${name}> closes <${last}>`)
      } else if (empty !== '/') open.push(name)
    }
    if (open.length > 0) problems.push(`<${open.join('>, <')}> is not closed`)
    for (const log of WRITTEN_BY_DEFAULT) {
      const body = new RegExp(`<${log}[^>]*>([\\s\\S]*?)</${log}>`).exec(text)?.[1]
      const isOff = text.includes(`<${log} remove="1"/>`)
      if (!isOff && !/<ttl>[^<]+DELETE<\/ttl>/.test(body ?? '')) problems.push(`system.${log} grows without a limit`)
    }
    return problems
  },
  plants: [
    {
      what: 'a system log that stays on',
      file: 'clickhouse/flywheel.xml',
      old: '<trace_log remove="1"/>',
      new: '',
      finds: /trace_log grows/,
    },
    {
      what: 'a limit of time taken away',
      file: 'clickhouse/flywheel.xml',
      old: '<ttl>event_date + INTERVAL 3 DAY DELETE</ttl>',
      new: '',
      finds: /query_log grows/,
    },
    {
      what: 'an element that is not closed',
      file: 'clickhouse/flywheel.xml',
      old: '</merge_tree>',
      new: '',
      finds: /closes|not closed/,
    },
  ],
}
