import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, guardSelect, openEmbeddedReadOnly, wrapSelect } from '../src/index.js'
import { tokensOf } from '../src/sql-tokens.js'
import { freshStore, interaction, ndjson } from './support.js'

let db: Database
let sql: Database
let remove: () => Promise<void>
beforeAll(async () => {
  const store = await freshStore()
  db = store.db
  await db.insert('interactions', ndjson(interaction({ task: 'a' }), interaction({ task: 'b' })))
  sql = await openEmbeddedReadOnly({ path: store.path, limits: { max_execution_time_s: 10 } })
  remove = async () => {
    await sql.close()
    await store.remove()
  }
})
afterAll(() => remove())

const run = async (text: string) =>
  await sql.query<Record<string, unknown>>(wrapSelect(await guardSelect(db, text), 100))
/** What a user is answered: rows, or the sentences of the refusal and of the engine, less its proposals of other names. */
async function answer(text: string): Promise<string> {
  const said = await run(text).then(
    (rows) => JSON.stringify(rows),
    (error: Error & { cause?: Error }) => `${error.message} ${error.cause?.message ?? ''}`,
  )
  return said.replaceAll(/:? ?\.? ?Maybe you meant[^.?]*(\.\w+)?\??/g, '')
}

describe('a name that is no table', () => {
  // Plain words are looked for where the process runs, so one file must lie there.
  const word = `flywheel_canary_${process.pid}`
  const file = join(tmpdir(), `${word}.csv`)
  const relative = join(process.cwd(), word)
  beforeAll(() => {
    for (const path of [file, relative]) writeFileSync(path, 'canary,1\n')
  })
  afterAll(() => {
    for (const path of [file, relative]) rmSync(path, { force: true })
  })

  test.each([
    'SELECT * FROM %',
    'SELECT * FROM interactions, %',
    'SELECT * FROM interactions AS a JOIN % ON true',
    'SELECT * FROM (SELECT * FROM %)',
    'SELECT * FROM view(SELECT * FROM %)',
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM %))",
    'SELECT * FROM (EXPLAIN SELECT * FROM %)',
    'SELECT (SELECT count() FROM %)',
    'SELECT 1 UNION ALL SELECT count() FROM %',
    'SELECT 1 IN %',
    'SELECT 1 IN (%)',
    'SELECT in(1, %)',
    'SELECT nullIn(1, %)',
    'SELECT inIgnoreSet(1, %)',
    'SELECT 1 GLOBAL NOT IN %',
    'SELECT EXISTS (SELECT * FROM %)',
    'SELECT * FROM default.%',
    'SELECT * FROM `default`.%',
    'SELECT * FROM "default".%',
    'SELECT * FROM `def\\x61ult`.%',
    'SELECT * FROM default /* */ . /* */ %',
    'SELECT * FROM default.% -- x',
    'SELECT 1 IN default.%',
    'SELECT default.%.* FROM interactions',
    'WITH % AS (SELECT * FROM %) SELECT * FROM %',
    'WITH RECURSIVE % AS (SELECT * FROM %) SELECT * FROM %',
    'WITH RECURSIVE % AS (SELECT * FROM % UNION ALL SELECT 1) SELECT * FROM %',
    'SELECT * FROM (WITH % AS (SELECT 2) SELECT * FROM %), %',
    'SELECT 1 UNION ALL WITH % AS (SELECT 2) SELECT * FROM % UNION ALL SELECT * FROM %',
    'SELECT * FROM system.one AS % JOIN % ON true',
    "SELECT joinGet('%', 'a', 1)",
    'SELECT joinGet(default.%, 1)',
    "SELECT joinGetOrNull('default.%', 'a', 1)",
    "SELECT hasColumnInTable('default', '%', 'c1')",
    "SELECT dictGet('default.%', 'a', 1)",
    'SELECT * FROM loop(default.%)',
    "SELECT * FROM merge('default', '%')",
    "SELECT * FROM eval('SELECT * FROM %')",
    "SELECT * FROM sqlite('%', 'a')",
    "SELECT * FROM input('%')",
    'SELECT * FROM {t:Identifier}',
    '(((SELECT * FROM %)))',
    'FROM % SELECT *',
    "SELECT 1 AS `a'`, * FROM %",
    'SELECT ‘FROM’, * FROM “%”',
    'SELECT * FROM interactions WHERE task IN (SELECT c1 FROM %)',
    'SELECT * FROM interactions ASOF JOIN % USING (id)',
    'SELECT arrayMap(x -> (SELECT count() FROM %), [1])',
  ])('is no file of the host, and nobody learns whether there is one: %s', async (text) => {
    for (const name of [word, `\`${file}\``]) {
      const absent = name.replace('canary', 'cannot')
      const [here, elsewhere] = [text.replaceAll('%', name), text.replaceAll('%', absent)]
      // Twice: the engine remembers a file that it opened and refused, and gives it to the next who asks.
      for (let time = 0; time < 2; time++) {
        const said = await answer(here)
        expect(said).not.toContain('canary,1')
        expect(said).not.toMatch(/"c1":|readonly mode/)
        expect(said.replaceAll('canary', 'cannot')).toBe(await answer(elsewhere))
      }
    }
  })

  test('is no file of which only a string tells either', async () => {
    for (const text of [
      `SELECT * FROM '${file}'`,
      `SELECT 1 IN '${file}'`,
      `SELECT * FROM file('${file}')`,
      `SELECT file('${file}')`,
      `SELECT * FROM executable('cat ${file}', 'TSV', 'a String')`,
      `SELECT 1 INTO OUTFILE '${file}.out'`,
      `SELECT * FROM format('CSV', file('${file}'))`,
      `SELECT * FROM (SELECT 1 SETTINGS readonly = 0)`,
    ]) {
      await expect(run(text), text).rejects.toMatchObject({ code: 'query_failed' })
    }
    expect(existsSync(`${file}.out`)).toBe(false)
  })
})

describe('a table of the store', () => {
  test.each([
    ['SELECT count() AS n FROM interactions', 2],
    ['SELECT count() AS n FROM default.interactions', 2],
    ['SELECT count() AS n FROM `interactions` AS i FINAL', 2],
    ['SELECT count(interactions.task) AS n FROM interactions', 2],
    ['FROM interactions SELECT count() AS n', 2],
    ['SELECT count() AS n FROM interactions AS a, interactions AS b', 4],
    ['SELECT count() AS n FROM feedback RIGHT JOIN interactions AS b ON feedback.id = b.id', 2],
    ['SELECT count() AS n FROM (interactions AS a CROSS JOIN interactions AS b)', 4],
    ['SELECT count() AS n FROM interactions ARRAY JOIN [1, 2] AS x, [3, 4] AS feedback', 4],
    ['SELECT count() AS n FROM (SELECT * FROM interactions)', 2],
    ['WITH interactions AS (SELECT * FROM interactions LIMIT 1) SELECT count() AS n FROM interactions', 1],
    ['WITH interactions (a) AS (SELECT 1) SELECT count() AS n FROM interactions', 1],
    ['SELECT * FROM (WITH x AS (SELECT count() AS n FROM interactions) SELECT * FROM x) AS y', 2],
    ['WITH x AS (SELECT 1 AS a) SELECT count() + (SELECT count() FROM x) AS n FROM interactions', 3],
    [
      'WITH RECURSIVE links AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM links WHERE a < 3) SELECT max(a) AS n FROM links',
      3,
    ],
    ['WITH (1, 2) AS feedback SELECT 1 IN feedback AS n', 1],
    ['SELECT 1 AS feedback, 2 AS links, count() AS n FROM interactions GROUP BY feedback, links', 2],
    ['SELECT count() AS n FROM (SELECT 1 IS DISTINCT FROM 2, 3 AS feedback)', 1],
    ["SELECT (SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'links') > 0 AS n", 1],
    ["SELECT currentDatabase() = 'default' AS n", 1],
  ])('is read: %s', async (text, n) => {
    expect(Number((await run(text))[0]?.['n'])).toBe(n)
  })

  test('gives currentDatabase() its own name as a column too', async () => {
    expect(await run('SELECT currentDatabase(), database() AS d')).toEqual([
      { 'currentDatabase()': 'default', d: 'default' },
    ])
  })
})

test('the pieces of a statement are those of the engine’s own lexer', async () => {
  const texts = [
    "SELECT a.b, `x y`.`c\\`d`, 'it\\'s `', f(1.5, -2e10), [1, 2], x::String, a -> b, a <=> c FROM t, `é` WHERE a IN (1)",
    'WITH x(a) AS (SELECT 1), 2 AS `AS` SELECT * EXCEPT (a) REPLACE (1 AS b) FROM x AS y JOIN "a""b" USING (q)',
  ]
  for (const text of texts) {
    const [row] = await db.query<{ formatted: string; names: string[] }>(
      `SELECT formatQuery({text:String}) AS formatted, arrayMap(t -> substring(formatted, t.begin + 1, t.end - t.begin),
         arrayFilter(t -> t.type IN ('BareWord', 'QuotedIdentifier', 'StringLiteral'), tokenizeQuery(formatted))) AS names`,
      { text },
    )
    const own = tokensOf(row?.formatted ?? '').filter(({ text: piece }) => /^['`]|^[A-Za-z_$]/.test(piece))
    expect(own.map(({ text: piece }) => piece)).toEqual(row?.names)
  }
})

describe('what the engine cannot break off', () => {
  test.each([
    'SELECT editDistance(a, b) FROM (SELECT 1)',
    'SELECT levenshteinDistanceUTF8(leftUTF8(inputs, 500), outputs) FROM interactions',
    "SELECT damerauLevenshteinDistance(left('a', 501), 'b')",
    "SELECT jaroSimilarity(left('a', 5) || repeat('x', 10000), 'b')",
    "SELECT jaroWinklerSimilarity(substring(repeat('x', 1e6), 5), 'b')",
    'SELECT `editDistance`(a, b) FROM (SELECT 1)',
    'SELECT EDITDISTANCEUTF8(a, b)',
    'SELECT * APPLY(editDistance) FROM (SELECT 1)',
    'SELECT arrayFold((acc, x) -> acc + x, range(1000000), 0)',
    'SELECT arraySimilarity(range(10), range(20), range(1e5), range(1e5))',
  ])('is refused, with how to cut it: %s', async (text) => {
    await expect(run(text)).rejects.toMatchObject({
      code: 'query_failed',
      message: expect.stringMatching(/cannot break off .* 500\)/),
    })
  })

  test.each([
    ["SELECT editDistance(left('kitten', 500), 'sitting') AS n", 3],
    ["SELECT levenshteinDistanceUTF8(leftUTF8(upper('kitten'), 10), substringUTF8('KITTEN', 1, 10)) AS n", 0],
    ['SELECT arrayFold((acc, x) -> acc + x, arraySlice(range(5), 1, 100), toUInt64(0)) AS n', 10],
    ['SELECT 1 AS editDistance', undefined],
  ])('runs where it is cut: %s', async (text, n) => {
    const [row] = await run(text)
    expect(row?.['n'] === undefined ? undefined : Number(row['n'])).toBe(n)
  })
})
