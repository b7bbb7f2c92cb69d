import type { Adapter } from './adapter.js'
import { CASES, type Case } from './cases.js'

const HEAD = `# Conformance of the providers

Made by \`npx vitest run packages/sdk/test/conformance/matrix.test.ts -u\`; the test fails if this page is stale. Every
✓ is a test in \`packages/sdk/test/conformance/\` that runs the provider's own package against a local server, once bare
and once wrapped: the host must see the same, and the record must be right. A case that an API has no way into is a dash
with its reason. CI runs them on Node 20, 22, 24 and 26.
`

/** One table an endpoint: cases down, installed versions across. */
function table(name: string, adapters: readonly Adapter[]): string {
  const reasons: string[] = []
  const cell = (adapter: Adapter, name: Case): string => {
    const reason = adapter.absent[name]
    if (reason === undefined) return '✓'
    if (!reasons.includes(reason)) reasons.push(reason)
    return `– (${reasons.indexOf(reason) + 1})`
  }
  const rows = (Object.keys(CASES) as Case[]).map(
    (name) => `| ${name} | ${adapters.map((adapter) => cell(adapter, name)).join(' | ')} |`,
  )
  return [
    `## ${name}`,
    '',
    `| | ${adapters.map(({ version }) => version).join(' | ')} |`,
    `|---|${adapters.map(() => '---').join('|')}|`,
    ...rows,
    ...(reasons.length > 0 ? ['', ...reasons.map((reason, index) => `${index + 1}. ${reason}`)] : []),
    '',
  ].join('\n')
}

/** The matrix as a page of Markdown. */
export function conformanceMatrix(adapters: readonly Adapter[]): string {
  const groups = new Map<string, Adapter[]>()
  for (const adapter of adapters) {
    const name = `\`${adapter.package}\`, \`${adapter.endpoint}\``
    groups.set(name, [...(groups.get(name) ?? []), adapter])
  }
  const meanings = Object.entries(CASES).map(([name, meaning]) => `- **${name}**: ${meaning}`)
  return [
    HEAD,
    [...groups].map(([name, group]) => table(name, group)).join('\n'),
    `## The cases\n\n${meanings.join('\n')}\n`,
  ].join('\n')
}
