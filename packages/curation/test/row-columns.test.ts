import { describe, expect, it } from 'vitest'
import { curate, parseRecipe, type RecipeInput, recipeSchema } from '../src/index.js'
import { columnsLine } from '../src/publish/card-columns.js'
import { columnsOf } from '../src/row-columns.js'
import { renderShards } from './rendered.js'
import { ports, START, Story } from './support.js'

const COLUMNS: RecipeInput['columns'] = {
  prompt_version: true,
  release: true,
  tags: ['vip', 'desk'],
  metadata: ['plan', 'contact'],
}
const recipe: RecipeInput = { strategies: ['edit.final'], columns: COLUMNS }

/** Two people with a correction each: the host says much of the first one's interaction, and nothing of the second's. */
function story(): Story {
  const made = new Story()
  const captured = {
    prompt_version: '7',
    release: '2026.1',
    tags: ['vip', 'spring', 'vip'],
    metadata: { plan: 'pro', contact: 'eve@example.org and ann@example.org', cost: 'secret' },
  }
  for (const [n, head] of [captured, {}].entries()) {
    const author_id = `u${n}`
    const prompt = `Where is parcel ${n}? Write to ann@example.org`
    const id = made.ask({ user: author_id, prompt, output: `Parcel ${n} left on Monday.`, head })
    made.say('correction', id, { author_id, kept: `Parcel ${n} is at the customs since Tuesday.` })
  }
  return made
}

const linesOf = async (made: Story, of: RecipeInput) => {
  const { files } = await renderShards(made.curate(of), recipeSchema.parse(of))
  return files
    .filter(({ shape }) => shape === 'meta')
    .flatMap(({ bytes }) => new TextDecoder().decode(bytes).trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('columns of the sidecar', () => {
  it('say what the recipe allows and nothing else, null where the host said nothing', async () => {
    const lines = await linesOf(story(), recipe)
    const said = lines.map(({ prompt_version, release, tags, metadata }) => ({
      prompt_version,
      release,
      tags,
      metadata,
    }))
    expect(said).toHaveLength(2)
    expect(said).toContainEqual({
      prompt_version: '7',
      release: '2026.1',
      tags: ['vip'],
      metadata: { contact: '[EMAIL_2] and [EMAIL_1]', plan: 'pro' },
    })
    expect(said).toContainEqual({
      prompt_version: null,
      release: null,
      tags: [],
      metadata: { contact: null, plan: null },
    })
  })

  it('are absent where the recipe asks for none, and the row is the same without them', () => {
    const plain = story().curate({ strategies: ['edit.final'] }).rows
    const asked = story().curate(recipe).rows
    expect(plain).toHaveLength(2)
    for (const [n, { meta, ...row }] of asked.entries()) {
      const { prompt_version: _, release: __, tags: ___, metadata: ____, ...rest } = meta
      const { event_ids, meta: known, ...texts } = plain[n]!
      expect(known).not.toHaveProperty('tags')
      expect({ ...row, event_ids }).toEqual({ ...texts, event_ids })
      expect(Object.keys(rest)).toEqual(Object.keys(known))
    }
  })

  it('keep the placeholder of a value that stands in the row, also where only the columns have one', () => {
    const made = new Story()
    const id = made.ask({ user: 'u', prompt: 'Where is it?', head: { release: 'built by eve@example.org' } })
    made.say('correction', id, { author_id: 'u', kept: 'It is at the customs since Tuesday.' })
    const [row] = made.curate({ ...recipe, columns: { release: true } }).rows
    expect(row?.meta).toMatchObject({ release: 'built by [EMAIL_1]', redactions: {} })
  })

  it('never say whose the interaction is, under whatever name the host sent it', () => {
    const head = {
      user_id: 'u-17',
      session_id: 's-4',
      prompt_version: 's-4',
      tags: ['u-17', 'vip'],
      metadata: { owner: 'u-17', plan: 'pro' },
    }
    const asked = { prompt_version: true, release: false, tags: 'all', metadata: ['owner', 'plan'] } as const
    expect(columnsOf(head as never, { ...asked, metadata: [...asked.metadata] })).toEqual({
      prompt_version: null,
      tags: ['vip'],
      metadata: { owner: null, plan: 'pro' },
    })
  })

  it('read keys that every object has as absent, unless the host sent them', () => {
    const keys = ['__proto__', 'constructor']
    const asked = { prompt_version: false, release: false, tags: [], metadata: keys }
    const metadata = JSON.parse('{"__proto__": "sent"}') as Record<string, string>
    const { metadata: read } = columnsOf({ user_id: '', session_id: '', metadata } as never, asked)
    expect(JSON.stringify(read)).toBe('{"__proto__":"sent","constructor":null}')
  })
})

describe('the card', () => {
  it('names the columns that the sidecars have, and says nothing where there are none', () => {
    const asked = { prompt_version: true, release: false, tags: 'all', metadata: ['plan'] } as const
    const [line] = columnsLine({ ...asked, metadata: [...asked.metadata] })
    expect(line).toContain('`prompt_version`, `tags`, `metadata` (only "plan")')
    expect(columnsLine(undefined)).toEqual([])
  })
})

describe('a joined file', () => {
  const join: RecipeInput['join'] = { file: 'crm.jsonl', by: 'ref', columns: ['seats', 'who'] }
  const rows = new Map([
    ['b', { seats: 3, who: 'ann@example.org and eve@example.org' }],
    ['c', { seats: 9, who: null }],
  ])
  const joinedOf = (made: Story, joined: typeof rows | undefined) =>
    curate(made.evidence(), parseRecipe({ ...recipe, columns: undefined, join }), { ...ports, joined }).rows

  it('is read by the first ref of the prompt’s interaction that it knows, whatever the link names, and redacted', () => {
    const made = story()
    const [first, second] = made.interactions.map(({ id }) => id) as [string, string]
    made.link(first, 'c', START)
    made.link(first, 'b', START, 'turn')
    made.link(first, 'a', START)
    const said = new Map(joinedOf(made, rows).map(({ event_ids, meta }) => [event_ids.includes(first), meta]))
    expect(said.get(true)?.joined).toEqual({ seats: 3, who: '[EMAIL_1] and [EMAIL_2]' })
    expect(said.get(false)?.joined).toEqual({ seats: null, who: null })
    expect(said.get(true)).not.toHaveProperty('tags')
    made.link(second, 'c', START)
    expect(
      joinedOf(made, rows)
        .map(({ meta }) => meta.joined?.['seats'])
        .sort(),
    ).toEqual([3, 9])
  })

  it('that nobody read is refused, and makes no row without its columns', () => {
    expect(() => joinedOf(story(), undefined)).toThrow('recipe: join: crm.jsonl not read; give its rows in the ports')
  })
})
