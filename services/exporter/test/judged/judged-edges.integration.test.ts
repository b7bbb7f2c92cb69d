import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Database, insertRows } from '@flywheel/store'
import { describe, expect, it } from 'vitest'
import { readStanding, writeStanding } from '../../src/judged/judged-memory.js'
import { PROJECT, type Seed, seed } from '../support.js'
import { HOUR, type Made, type Story, story } from './story.js'

/** A database whose first insert waits, and what tells of it and lets it go on. */
function held(db: Database): { db: Database; reached: Promise<void>; release: () => void } {
  const promised = () => {
    let resolve = (): void => {}
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    return { promise, resolve }
  }
  const [gate, reached] = [promised(), promised()]
  const slow = new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'insert') return value.bind(target)
      return async (...of: Parameters<Database['insert']>) => {
        reached.resolve()
        await gate.promise
        return target.insert(...of)
      }
    },
  })
  return { db: slow, reached: reached.promise, release: gate.resolve }
}

const folderOf = async ({ files }: Story) => dirname((await files()).find((path) => path.endsWith('standing.json'))!)
const standingOf = async (story: Story) => readStanding(await folderOf(story))
const blocksOf = async ({ files }: Story) => (await files()).filter((path) => path.endsWith('.block'))
const thumbs = (story: Story, rows: Seed, time: number, n: number): Promise<string> =>
  story.say(time, rows.interactions[n]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })

describe('what was judged', { timeout: 60_000 }, () => {
  it('is of one of two exports that were made at once, and the next is made of neither alone', async () => {
    const rows = seed(60)
    const hers = rows.feedback.filter(({ kind, author_id }) => kind === 'correction' && author_id === 'u1')
    const signature = '\n\nKind regards\nAda of the parcel desk'
    for (const row of hers.slice(0, 2)) row['kept'] = `${row['kept']}${signature}`
    const told = await story(rows, { artefacts: { signature_min_edits: 3, signature_share: 0.3 } })
    const first = await told.run(HOUR, { unitBytes: 1_000_000 })
    await thumbs(told, rows, 2 * HOUR, 3)
    const other = rows.interactions.find(({ user_id }, n) => user_id === 'u1' && n % 3 === 0)!
    const said = { kind: 'correction', stage: 'committed', author_id: 'u1', kept: `It comes on Monday.${signature}` }
    await told.say(4 * HOUR, other['id'], said)
    const slow = held(told.db)
    const early = told.run(3 * HOUR, { parent: first.export_id, db: slow.db })
    await slow.reached
    // The later snapshot knows the signature, by which it judges the author's corrections again.
    const late = await told.run(5 * HOUR, { parent: first.export_id })
    expect(late.superseded).toContain('changed')
    slow.release()
    expect((await early).superseded).not.toContain('changed')
    expect((await standingOf(told))?.export_id).toBe(late.export_id)
    await thumbs(told, rows, 6 * HOUR, 9)
    const next = await told.run(7 * HOUR, { parent: (await early).export_id })
    expect(next.superseded).toContain('changed')
  })

  it('takes nobody in again for good who withdrew after the watermark of a later run', async () => {
    const rows = seed(12)
    const told = await story(rows)
    await told.run(HOUR)
    await thumbs(told, rows, 2 * HOUR, 3)
    await told.withdraw(4 * HOUR, 'u2')
    await told.erase()
    expect(await told.memory()).not.toContain('Case 2:')
    await told.run(3 * HOUR)
    await told.erase()
    expect(await told.memory()).not.toContain('Case 2:')
    expect(await told.memory()).toContain('Case 4:')
  })

  it('goes where the project itself takes its consent back', async () => {
    const told = await story(seed(12))
    await told.run(HOUR)
    expect(await told.memory()).toContain('Case 2:')
    const setting = { id: PROJECT, name: 'p', consent: { train: 'denied' }, updated_at: new Date().toISOString() }
    await insertRows(told.db, 'projects', [setting])
    expect(await told.erase()).toHaveLength(1)
    expect(await told.memory()).not.toContain('Case 2:')
  })

  it('goes where somebody withdraws the consent of the whole project', async () => {
    const told = await story(seed(12))
    await told.run(HOUR)
    await told.withdraw(2 * HOUR, PROJECT, 'project')
    await told.erase()
    expect(await told.memory()).not.toContain('Case ')
  })

  it('is what stands where its publishing was cut off, and goes whole with who must leave it', async () => {
    const rows = seed(12)
    const told = await story(rows)
    await told.run(HOUR)
    // As a kill leaves it before the last write.
    writeStanding(await folderOf(told), null)
    await thumbs(told, rows, 2 * HOUR, 6)
    expect(await told.run(3 * HOUR)).toMatchObject({ judged: 1 })
    writeStanding(await folderOf(told), null)
    await told.withdraw(4 * HOUR, 'u2')
    await told.erase()
    expect(await told.memory()).not.toContain('Case ')
    expect(await told.run(5 * HOUR)).toMatchObject({ judged: 12 })
  })

  it('is left alone by a run while another process writes it, and goes where that one died', async () => {
    const rows = seed(12)
    const told = await story(rows)
    const first = await told.run(HOUR)
    const lock = join(await folderOf(told), 'lock')
    await writeFile(lock, '')
    await thumbs(told, rows, 2 * HOUR, 6)
    await told.run(3 * HOUR)
    expect(await standingOf(told)).toMatchObject({ export_id: first.export_id })
    const old = new Date(Date.now() - 11 * 60_000)
    await utimes(lock, old, old)
    await thumbs(told, rows, 4 * HOUR, 7)
    await told.run(5 * HOUR)
    expect(await told.files()).toEqual([])
    await thumbs(told, rows, 6 * HOUR, 8)
    const third = await told.run(7 * HOUR)
    expect(third.judged).toBe(12)
    expect(await standingOf(told)).toMatchObject({ export_id: third.export_id })
  })

  it('leaves with whoever must while another process writes it, who brings nobody back', async () => {
    const told = await story(seed(12))
    await told.run(HOUR)
    await writeFile(join(await folderOf(told), 'lock'), '')
    await told.withdraw(2 * HOUR, 'u2')
    await told.erase()
    expect(await told.memory()).not.toContain('Case ')
  })

  it('is judged anew as a whole block once most of it is', async () => {
    const rows = seed(12)
    const told = await story(rows)
    await told.run(HOUR, { unitBytes: 1_000_000 })
    for (const n of [3, 4, 5, 6, 7]) await thumbs(told, rows, 2 * HOUR, n)
    expect(await told.run(3 * HOUR)).toMatchObject({ judged: 5 })
    for (const n of [3, 4, 5, 8, 9]) await thumbs(told, rows, 4 * HOUR, n)
    // Of the first block five of twelve components are left, of the others each is one.
    expect(await told.run(5 * HOUR)).toMatchObject({ judged: 10 })
  })

  it('leaves when retention takes its texts, each component in its time, without another export', async () => {
    const rows = seed(12)
    const from = Date.now()
    const ends = (hours: number): string => new Date(from + hours * HOUR).toISOString()
    rows.interactions[4]!['body_until'] = ends(1)
    rows.feedback.find(({ target }) => target === rows.interactions[6]!['id'])!['body_until'] = ends(3)
    const told = await story(rows)
    await told.run(HOUR)
    const standing = await standingOf(told)
    const left = async (hours: number): Promise<boolean[]> => {
      await told.erase(new Date(from + hours * HOUR))
      const memory = await told.memory()
      return [2, 4, 6].map((n) => memory.includes(`Case ${n}:`))
    }
    expect(await left(0.9)).toEqual([true, true, true])
    expect(await left(1.1)).toEqual([true, false, true])
    expect(await left(2.9)).toEqual([true, false, true])
    expect(await left(3.1)).toEqual([true, false, false])
    expect(await standingOf(told)).toMatchObject({ export_id: standing?.export_id })
    // The store still has them: what is gone is judged anew.
    await thumbs(told, rows, 2 * HOUR, 8)
    expect(await told.run(3 * HOUR)).toMatchObject({ judged: 3 })
  })

  it('goes where no export has used it for 35 days, whatever left it meanwhile', async () => {
    const told = await story(seed(12))
    await told.run(HOUR)
    await told.withdraw(2 * HOUR, 'u2')
    const days = async (count: number): Promise<string> => {
      await told.erase(new Date(Date.now() + count * 24 * HOUR))
      return told.memory()
    }
    expect(await days(20)).not.toContain('Case 2:')
    expect(await days(34.9)).toContain('Case 4:')
    expect(await days(35.1)).not.toContain('Case 4:')
  })

  it('fails no export that is published where it cannot be kept', async () => {
    const told = await story(seed(12))
    await mkdir(told.outDir, { recursive: true })
    await writeFile(join(told.outDir, '.judged'), '')
    await expect(told.run(HOUR)).resolves.toMatchObject({ reused: false })
  })

  it.each([
    ['texts', (bytes: Buffer) => bytes.write('Happy', bytes.lastIndexOf('Sorry'))],
    ['sets', (bytes: Buffer) => bytes.fill(1, bytes.lastIndexOf('\n') + 1, bytes.lastIndexOf('\n') + 30)],
  ])(
    'is believed in no %s that are not as they were: the run says so, and the next one judges all',
    async (_, hurt) => {
      const rows = seed(12)
      const told = await story(rows)
      await told.run(HOUR)
      await thumbs(told, rows, 2 * HOUR, 6)
      for (const path of await blocksOf(told)) {
        const bytes = await readFile(path)
        if (!bytes.includes('Case 4:')) continue
        hurt(bytes)
        await writeFile(path, bytes)
      }
      await expect(told.run(3 * HOUR)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('was damaged and is removed; run the export again'),
      })
      expect(await told.run(3 * HOUR)).toMatchObject({ judged: 12 })
    },
  )

  it('is not read where an erasure or another export takes it away meanwhile', async () => {
    const rows = seed(12)
    const told = await story(rows)
    await told.run(HOUR)
    await thumbs(told, rows, 2 * HOUR, 6)
    const stream = told.db.stream.bind(told.db)
    let isDone = false
    const slow = new Proxy(told.db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'stream') return typeof value === 'function' ? value.bind(target) : value
        return async function* (...of: Parameters<Database['stream']>) {
          // Rows are named once it is known which are read: after the memory was opened.
          if (!isDone && of[0].includes('{ids:Array(UUID)}')) {
            isDone = true
            await told.withdraw(2 * HOUR, 'u2')
            await told.erase()
          }
          yield* stream(...of)
        }
      },
    })
    await expect(told.run(3 * HOUR, { db: slow })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('or an erasure; run it again'),
    })
    expect(isDone).toBe(true)
    const made: Made = await told.run(3 * HOUR)
    expect(made.judged).toBeLessThan(12)
  })

  it('is gathered anew where many small exports have left as many files', async () => {
    const rows = seed(60)
    const told = await story(rows)
    await told.run(HOUR)
    expect(await blocksOf(told)).toHaveLength(60)
    await thumbs(told, rows, 2 * HOUR, 6)
    const gathered = await told.run(3 * HOUR, { unitBytes: 1_000_000 })
    expect(await blocksOf(told)).toHaveLength(1)
    expect(gathered.judged).toBe(1)
  })

  it('says of an answer that was taken back what it said before, though its texts are gone', async () => {
    const rows = seed(12)
    const soon = new Date(Date.now() + 12_000).toISOString()
    rows.interactions[1]!['body_until'] = soon
    const told = await story(rows)
    await told.run(HOUR)
    const { id, author_id, target } = rows.feedback[1]!
    await told.say(2 * HOUR, target, { kind: 'correction', author_id, stage: 'committed', retracts: id })
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, Date.parse(soon) - Date.now() + 100)))
    const made = await told.run(3 * HOUR)
    expect(made.superseded).toEqual(['retracted', 'retracted'])
  })
})
