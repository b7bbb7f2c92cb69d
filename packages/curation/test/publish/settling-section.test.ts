import { expect, it } from 'vitest'
import { recipeSchema } from '../../src/index.js'
import { settlingSection } from '../../src/publish/settling-section.js'

it('repeats every setting that decides when feedback counts, by task too', () => {
  const settled = recipeSchema.parse({
    settling: { committed_ms: 90_000 },
    evidence: { retained_share: 0.8, retained_ms_by_task: { 'write `it`': 86_400_000, code: 600_000 } },
  })
  const text = settlingSection(settled).join('\n')
  expect(text).toContain('choices 1.5 min (`committed_ms`), drafts quiet for 24 h')
  expect(text).toContain('second samples 72 h (`late_feedback_ms`)')
  expect(text).toContain('from 10 min on (`retained_ms`), 10 min for `code`, 24 h for `write  it `, and')
  expect(text).toContain('at least 80% was (`retained_share`)')
})
