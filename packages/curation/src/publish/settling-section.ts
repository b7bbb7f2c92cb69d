import type { Recipe } from '../recipe.js'

const HOUR = 3_600_000
const MINUTE = 60_000

function duration(ms: number): string {
  const [unit, name] = ms !== 0 && ms < HOUR ? [MINUTE, 'min'] : [HOUR, 'h']
  return `${Math.round((ms / unit) * 100) / 100} ${name}`
}

/** The card's section on how long feedback rested before it counted, and how long an answer had to stand. */
export function settlingSection({ settling, evidence }: Pick<Recipe, 'settling' | 'evidence'>): string[] {
  const { retained_ms, retained_share, retained_ms_by_task } = evidence
  // Tasks are named by the host: a backtick or a line break would end the name.
  const byTask = Object.entries(retained_ms_by_task)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([task, ms]) => `, ${duration(ms)} for \`${task.replace(/[`\r\n]/g, ' ')}\``)
  return [
    '## Settling',
    '',
    `Committed corrections and choices ${duration(settling.committed_ms)} (\`committed_ms\`), drafts quiet for ${duration(settling.draft_ms)} and used (\`draft_ms\`), thumbs and accepted second samples ${duration(settling.late_feedback_ms)} (\`late_feedback_ms\`).`,
    '',
    `Where the host says how much of an answer was retained, it counts from ${duration(retained_ms)} on (\`retained_ms\`)${byTask.join('')}, and as kept where at least ${Math.round(retained_share * 1000) / 10}% was (\`retained_share\`).`,
    '',
  ]
}
