import { defaultRecipe, type Facts, ROW_GATES, recipeSchema, SET_GATES } from '@flywheel/curation'
import { describe, expect, it } from 'vitest'
import { nothingToExport, refusalOf } from '../src/refusals.js'

const step = (gate: string, before: number, dropped: Record<string, number>) => ({
  gate,
  in: before,
  out: before - Object.values(dropped).reduce((sum, rows) => sum + rows, 0),
  dropped,
})

describe('an export of nothing', () => {
  it('advises about the gate that emptied it, not about feedback that later feedback replaced', () => {
    const funnel = [
      step('snapshot', 854, { superseded: 203, retracted: 106 }),
      step('consent', 545, { consent_denied: 127 }),
      step('join', 418, { not_settled: 166 }),
      step('edit_bounds', 252, { no_op: 55 }),
      step('eligibility', 197, { not_vouched: 197 }),
    ]
    const { message } = nothingToExport({ funnel }, defaultRecipe)
    expect(message).toContain(
      'the gate "eligibility" took the last 197: not_vouched 197; the recipe\'s selection wants',
    )
    expect(message).not.toContain('taken back')
  })

  it('advises about the gate that took most, where another took the last', () => {
    const funnel = [step('snapshot', 50, {}), step('consent', 50, { absent: 48 }), step('edit_bounds', 2, { no_op: 2 })]
    const { message } = nothingToExport({ funnel }, defaultRecipe)
    expect(message).toContain('(before it, gate "consent" took 48); declare on what the use rests')
  })

  it('names the gate that took everything and something to do about it, whichever it was', () => {
    const gates = [...ROW_GATES, ...SET_GATES].map(({ id }) => id)
    for (const gate of [...gates, 'delta']) {
      const { message, cause } = nothingToExport({ funnel: [step(gate, 3, { why: 3 })] }, defaultRecipe)
      expect(message).toMatch(
        new RegExp(`the gate "${gate}" took the last 3: why 3; [^ ].+ (in|with|the|for|--\\w+|and)`),
      )
      // A command that is named can be given as it stands.
      expect(message).not.toMatch(/flywheel export show$/)
      expect(cause).toMatchObject({ gate })
    }
    const { message } = nothingToExport({ funnel: [step('language', 3, { language_other: 3 })] }, defaultRecipe)
    expect(message).toContain('widen language.keep')
  })

  it('says that all feedback was taken back where it was', () => {
    const { message } = nothingToExport({ funnel: [step('snapshot', 5, { retracted: 5 })] }, defaultRecipe)
    expect(message).toContain('all feedback was taken back or replaced')
  })
})

describe('rows that no target has a file for', () => {
  const refused = (input: object, facts: Pick<Facts, 'shape' | 'split'>, superseded = 0, parent?: string) =>
    refusalOf({ funnel: [], kept: [facts as Facts] }, { recipe: recipeSchema.parse(input), parent, superseded })

  it('are nothing to export, with what mends it', () => {
    const train = { shape: 'supervised', split: 'train' } as const
    expect(refused({ targets: ['tinker'] }, { ...train, shape: 'unpaired' })?.message).toMatch(
      /read no unpaired rows: name one of trl.* in targets of the recipe$/,
    )
    expect(refused({}, { shape: 'preference', split: 'evaluation' })?.message).toContain('name the target "evaluation"')
    const evaluate = { targets: ['evaluation'], evaluation: { share: 0.1 } }
    expect(refused(evaluate, train)?.message).toContain('raise `evaluation.share`')
    expect(refused({ ...evaluate, evaluation: { share: 0 } }, train)?.message).toContain('set `evaluation.share`')
    expect(refused(evaluate, train, 0, 'a')).toMatchObject({ code: 'nothing_to_export', cause: { gate: 'targets' } })
  })

  it('are no reason where a target reads one, or a delta takes rows back', () => {
    expect(refused({}, { shape: 'supervised', split: 'validation' })).toBeNull()
    expect(refused({ targets: ['evaluation'] }, { shape: 'preference', split: 'train' }, 1)).toBeNull()
  })
})
