import { DETECTORS, type DetectorName } from '@flywheel/redaction'
import { expect, it } from 'vitest'
import { withoutCitations } from '../../src/artefacts/citations.js'
import { sideFeatures } from '../../src/artefacts/features.js'
import { withoutReasoning } from '../../src/artefacts/reasoning.js'
import { withoutSignature } from '../../src/artefacts/signatures.js'
import { tidyWhiteSpace } from '../../src/artefacts/white-space.js'
import type { Draft } from '../../src/draft.js'
import { languageOf } from '../../src/language.js'
import { redactDraft } from '../../src/prompt/redact-draft.js'
import { refusalOf } from '../../src/text/refusal.js'

const BYTES = 10_000_000
/** Seconds on an idle machine; the square of this length is days. */
const LIMIT_MS = 60_000
const filled = (unit: string): string => unit.repeat(Math.ceil(BYTES / unit.length)).slice(0, BYTES)

it.each(['\n', '```', '` ', '【', '[1] ', '[^1]', '\u00a0\n', '<think>', '- \n', 'a@b'])(
  'takes time in proportion to its length for 10 MB of %j (case 22)',
  (unit) => {
    const text = filled(unit)
    const start = performance.now()
    withoutReasoning(text)
    withoutCitations(text, 'a')
    withoutCitations(`x${text}`, text)
    tidyWhiteSpace(`${text}x`)
    withoutSignature(text, text, new Set(['none']))
    sideFeatures({ role: 'assistant', content: text })
    languageOf(text)
    refusalOf(text)
    expect(performance.now() - start).toBeLessThan(LIMIT_MS)
  },
  2 * LIMIT_MS,
)

it.each(['a@b.example ', '+49 30 12345678 ', 'sk-', 'DE89 ', '[EMAIL_1]'])(
  'redacts 10 MB of %j on every side in time in proportion to its length (case 22)',
  (unit) => {
    const content = filled(unit)
    const side = { role: 'assistant', content } as const
    const draft: Draft = {
      shape: 'supervised',
      prompt: [{ role: 'user', content: 'a@b.example' }],
      tools: [],
      chosen: side,
      prior: 0.7,
      prior_source: 'judgement',
      edit_distance: null,
      interaction: 'i',
      rejected_answer: null,
      chosen_by: 'human',
      consent: '',
    }
    const start = performance.now()
    const { draft: redacted } = redactDraft(draft, Object.keys(DETECTORS) as DetectorName[])
    expect(performance.now() - start).toBeLessThan(LIMIT_MS)
    expect(redacted.prompt[0]?.content).toMatch(/^\[EMAIL_\d\]$/)
  },
  2 * LIMIT_MS,
)
