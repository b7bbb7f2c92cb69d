import { parser } from '@prometheus-io/lezer-promql'

/** What is wrong with an expression of PromQL: it does not parse, or names a metric or a label that nothing shows. */
export function promqlProblems(expression: string, metrics: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  // A variable of Grafana's stands for a duration.
  const text = expression.replaceAll('$__rate_interval', '5m').replaceAll('$__interval', '1m')
  const problems: string[] = []
  const labels: string[] = []
  const used: string[] = []
  parser.parse(text).iterate({
    enter: ({ type, from, to, node }) => {
      const word = text.slice(from, to)
      if (type.isError) problems.push(`does not parse at ${from}: ${text}`)
      else if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') used.push(word)
      else if (type.name === 'LabelName') labels.push(word)
    },
  })
  if (used.length === 0) problems.push(`names no metric: ${text}`)
  for (const name of used) if (!metrics.has(name)) problems.push(`nothing shows the metric ${name}`)
  for (const label of labels)
    if (!used.some((name) => metrics.get(name)?.has(label)))
      problems.push(`no metric of it has the label ${label}: ${text}`)
  return problems
}
