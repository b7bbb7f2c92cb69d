/** Lines that show where rows went, of whatever form the server's funnel has. */
export function funnelLines(funnel: unknown): string[] {
  if (!Array.isArray(funnel)) return []
  return funnel.map((step: Record<string, unknown>) => {
    const { gate, kept, in: came, out, dropped, ...rest } = step
    const reasons = Object.entries((dropped ?? rest['reasons'] ?? {}) as Record<string, number>)
    const left = out ?? kept
    return `  ${String(gate ?? rest['name'] ?? '?').padEnd(16)} ${came ?? ''} → ${left ?? ''}${reasons.map(([reason, rows]) => `  ${reason} ${JSON.stringify(rows)}`).join('')}`
  })
}
