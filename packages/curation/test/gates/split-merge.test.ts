import { expect, it } from 'vitest'
import { curate, recipeSchema } from '../../src/index.js'
import { ports, Story } from '../support.js'

const recipe = recipeSchema.parse({ strategies: ['edit.final'], split: { validation: 0 } })

function corrected(story: Story, n: number, user: string): void {
  const id = story.ask({ user, session: `s-${user}-${n}`, prompt: `What of parcel ${n}?`, output: `It is at ${n}.` })
  story.say('correction', id, { author_id: user, kept: `It left house ${n}, and will be with ${user} by noon.` })
}

it('one row that would cross leaves, and the hundred of the component that it would join stay where they were', () => {
  const story = new Story()
  for (let n = 0; n < 100; n++) corrected(story, n, 'busy')
  for (let n = 100; n < 110; n++) corrected(story, n, 'held')
  const first = curate(story.evidence(), recipe, ports)
  const held = ports.rowId(['user:held'])
  const sides = new Map(first.assignments.map(({ member, split }) => [member, split]))
  const heldMembers = first.rows.filter(
    ({ meta }) =>
      meta.component === first.rows.find((row) => row.prompt[0]!.content.includes('parcel 105'))!.meta.component,
  )
  expect(heldMembers).toHaveLength(10)
  // The second person was held out by an earlier export, with everything that is theirs.
  for (const member of [held, ...membersOf(first, 100, 110)]) sides.set(member, 'validation')
  const assigned = (member: string): string | undefined => sides.get(member)
  const before = curate(story.evidence(), recipe, { ...ports, assigned })
  expect(count(before, 'train')).toBe(100)
  expect(count(before, 'validation')).toBe(10)
  // The held person asks what the busy one asked: the same prompt, on both sides.
  corrected(story, 7, 'held')
  corrected(story, 500, 'new')
  const after = curate(story.evidence(), recipe, { ...ports, assigned })
  expect(after.funnel.find(({ gate }) => gate === 'split')?.dropped).toEqual({ split_conflict: 1 })
  expect(count(after, 'train')).toBe(101)
  expect(count(after, 'validation')).toBe(10)
  expect(after.leaking_members).toBe(0)
})

function count(set: ReturnType<typeof curate>, split: string): number {
  return set.rows.filter(({ meta }) => meta.split === split).length
}

function membersOf(set: ReturnType<typeof curate>, from: number, to: number): string[] {
  const clusters = set.rows
    .filter((row) =>
      Array.from({ length: to - from }, (_, i) => from + i).some(
        (n) => row.prompt[0]!.content === `What of parcel ${n}?`,
      ),
    )
    .map(({ meta }) => meta.cluster)
  const sessions = Array.from({ length: to - from }, (_, i) => ports.rowId([`session:s-held-${from + i}`]))
  return [...clusters, ...sessions]
}
