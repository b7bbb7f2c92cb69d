import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  CODE_VERSIONS,
  type Components,
  canonicalJson,
  type ExportIdentity,
  type Recipe,
  recipeHash,
  type Survey,
  sha256,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import type { JudgedComponent, SurveyedComponent, UnitJudgement } from '../units/unit-work.js'
import { type Block, type BlockEntry, readBlock, scrubBlock, writeBlock } from './block-file.js'
import { type ComponentKey, droppedOf, factValues, packHashes } from './component-record.js'

/*
 * What an export judged, kept beside the exports for the next one of its recipe: a component whose rows are the same, and
 * of which the snapshot around it says the same, is judged the same, and is neither read nor judged again. Nothing here is
 * ever needed: without it an export has the same bytes, later.
 */

/** Folder beside the exports. */
const FOLDER = '.judged'
const STANDING = 'standing.json'
/** How the names of its files end. */
export const BLOCK = '.block'
/** Below this share of its rows a block is judged anew with what is new. */
const WORN = 0.5
/** A block of fewer rows is small: where there are many blocks, it is judged anew with what is new. */
const SMALL = 500
const MANY = 32
/** A component of more rows than these is judged each time: its line would be longer than a string should be. */
const MOST_ROWS = 20_000
/** After so long whoever holds the lock has died. */
const LOCK_MS = 600_000
/** What was last taken out of a project's memory (`forgetJudged`). */
export const FORGOTTEN = 'forgotten'

/** The last export that was published with this. */
export interface Standing {
  /** Another one after each change of what is here. */
  change: string
  export_id: string
  /** Milliseconds since 1970 when it was. */
  used: number
  /** Of the recipe: what people must have consented to. */
  purpose: string
  /** Priors that the project's own judgements gave, by strategy. */
  recalibrated: Record<string, number>
}

/** What a memory is of: with any other, a component may be judged otherwise. */
export interface MemoryScope {
  outDir: string
  projectId: string
  rowKey: Uint8Array
  recipe: Recipe
  /** Hashes of the evaluation sets. */
  evaluation_sets: readonly string[]
  /** The joined file, by its bytes. */
  join?: ExportIdentity['join'] | undefined
}

/** What is looked at of a component that was judged before: not whose it is. */
type SlimKey = Omit<ComponentKey, 'events' | 'people' | 'until'>

/** One component that was judged before, and the block that has its rows. */
export interface KnownComponent extends Pick<BlockEntry, 'line'> {
  key: SlimKey
  block: SlimBlock
}

/** A block, of which each component is known by itself. */
export type SlimBlock = Omit<Block, 'entries'>

/** Folder of what was judged of a project. The name says whose it is to nobody who has not its key. */
export function judgedFolder(outDir: string, projectId: string, rowKey: Uint8Array): string {
  return join(outDir, FOLDER, createHmac('sha256', rowKey).update(`judged ${projectId}`).digest('hex').slice(0, 32))
}

/** What was judged of one project by one recipe. */
export class JudgedMemory {
  readonly #scope: MemoryScope
  readonly #watermark: number
  readonly #folder: string
  readonly #made: string
  readonly #blocks: SlimBlock[] = []
  readonly #known = new Map<string, KnownComponent>()
  /** Versions of what this export has taken over. */
  readonly #used = new Set<string>()
  readonly #written: string[] = []
  readonly standing: Standing | null

  /**
   * @param about what beside the scope every component is judged by: the project's consent
   * @param made a folder for what is judged anew, on the same disk; the caller removes it
   */
  constructor(scope: MemoryScope, watermark: number, about: unknown, made: string) {
    const { recipe, evaluation_sets, join: joined } = scope
    const key = sha256(
      canonicalJson({ code: CODE_VERSIONS, evaluation_sets: [...evaluation_sets].sort(), about, joined }),
    )
    this.#scope = scope
    this.#watermark = watermark
    this.#made = made
    this.#folder = join(
      judgedFolder(scope.outDir, scope.projectId, scope.rowKey),
      `${recipeHash(recipe).slice(0, 16)}-${key.slice(0, 16)}`,
    )
    // Before what it speaks of is read: a change in between is found.
    this.standing = readStanding(this.#folder)
    try {
      this.#read()
    } catch {
      // What cannot be read is judged.
      this.#known.clear()
    }
  }

  #read(): void {
    if (!existsSync(this.#folder)) return
    for (const name of readdirSync(this.#folder).filter((each) => each.endsWith(BLOCK))) {
      const path = join(this.#folder, name)
      const whole = readBlock(path)
      if (whole === null) {
        rmSync(path, { force: true })
        continue
      }
      const { entries, ...block } = whole
      this.#blocks.push(block)
      // Of an earlier snapshot: what was settled then is settled now.
      if (block.watermark > this.#watermark) continue
      for (const { key, line } of entries) {
        const { events: _, people: __, until: ___, ...slim } = key
        if (!this.#known.has(key.version)) this.#known.set(key.version, { key: slim, line, block })
      }
    }
  }

  /**
   * Reads what was taken, and only that.
   * @throws FlywheelError `internal` where another run or an erasure has written here since this began to read, and where
   * what is read is not as it was written
   */
  read<T>(rows: () => T): T {
    let damage: unknown = null
    let result: T | undefined
    try {
      result = rows()
    } catch (error) {
      damage = error
    }
    if (this.#isChanged()) {
      throw new FlywheelError(
        'internal',
        'Another export of the same recipe was published while this one ran, or an erasure; run it again, and not two at once',
      )
    }
    if (damage !== null) {
      removeIfAble(this.#folder)
      throw new FlywheelError(
        'internal',
        'What earlier exports of the recipe had judged was damaged and is removed; run the export again, which judges all of it',
      )
    }
    return result as T
  }

  #isChanged(): boolean {
    return readStanding(this.#folder)?.change !== this.standing?.change
  }

  /**
   * The components that were judged before in the same version, and surveyed by what is true now.
   * @param components of a snapshot, with versions
   */
  take({ count, versionOf }: Components, frequentAuthors: readonly string[]): Map<number, KnownComponent> {
    const frequent = new Set(frequentAuthors)
    const taken = new Map<number, KnownComponent>()
    const rows = new Map<SlimBlock, number>()
    const isMany = this.#blocks.length > MANY
    for (let component = 0; component < count; component++) {
      const known = this.#known.get(versionOf(component))
      if (known === undefined || known.key.frequent.some(([author, was]) => frequent.has(author) !== was)) continue
      taken.set(component, known)
      rows.set(known.block, (rows.get(known.block) ?? 0) + known.key.rows)
    }
    for (const [component, { block, key }] of taken) {
      const isWorn = rows.get(block)! < block.rows * WORN || (isMany && block.rows < SMALL)
      if (isWorn) taken.delete(component)
      else this.#used.add(key.version)
    }
    return taken
  }

  /** A component is judged again after all: its authors' signatures are other ones. */
  forget({ key }: KnownComponent): void {
    this.#used.delete(key.version)
  }

  /** Keeps what became of the components of a unit, but for those that time alone may change. */
  add(
    { components, facts, texts, ends, sets }: UnitJudgement,
    snapshot: Pick<Components, 'versionOf' | 'untilOf'>,
    surveyed: ReadonlyMap<number, SurveyedComponent>,
  ): void {
    const kept: Parameters<typeof writeBlock>[1]['components'] = []
    let first = 0
    for (const judged of components) {
      const places = Array.from({ length: judged.rows }, (_, at) => first + at)
      first += judged.rows
      if (!judged.isFinal || judged.rows > MOST_ROWS) continue
      const key = keyOf(judged, snapshot, surveyed.get(judged.component))
      const { funnel, candidates, inputs } = judged
      const rows = {
        candidates,
        dropped: droppedOf(funnel),
        counts: inputs.counts,
        hashes: packHashes(inputs.hashes),
        facts: places.map((place) => factValues(facts[place]!)),
      }
      kept.push({ key, rows, places })
    }
    if (kept.length === 0) return
    const name = `${randomBytes(12).toString('hex')}${BLOCK}`
    mkdirSync(this.#made, { recursive: true, mode: 0o700 })
    writeBlock(join(this.#made, name), { watermark: this.#watermark, components: kept, texts, ends, sets })
    this.#written.push(name)
  }

  /**
   * Makes what this export took over and judged anew what the next one finds. Once it is published: an export does not
   * fail for what no other one needs. Where another run wrote here since this one began, what that one left stays.
   */
  publish(export_id: string, recalibrated: Survey['recalibrated']): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      const release = lockJudged(this.#folder)
      if (release === null) return
      try {
        if (!this.#isChanged()) this.#publish(export_id, recalibrated)
      } finally {
        release()
      }
    } catch {
      removeIfAble(this.#folder)
    }
  }

  #publish(export_id: string, recalibrated: Survey['recalibrated']): void {
    const { outDir, projectId, rowKey, recipe } = this.#scope
    const parent = judgedFolder(outDir, projectId, rowKey)
    writeStanding(this.#folder, null)
    // What comes in now was not looked at by the last pass of an erasure.
    rmSync(join(parent, FORGOTTEN), { force: true })
    for (const block of this.#blocks) {
      const isGone = ({ version }: ComponentKey): boolean =>
        this.#known.get(version)?.block !== block || !this.#used.has(version)
      const whole = readBlock(block.path)
      if (whole === null || scrubBlock(whole, isGone) === 0) rmSync(block.path, { force: true })
    }
    for (const name of this.#written) renameSync(join(this.#made, name), join(this.#folder, name))
    const priors = Object.fromEntries([...recalibrated].map(([strategy, { prior }]) => [strategy, prior]))
    writeStanding(this.#folder, { export_id, used: Date.now(), purpose: recipe.purpose, recalibrated: priors })
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      const folder = join(parent, entry.name)
      if (!entry.isDirectory() || folder === this.#folder) continue
      const isOfRecipe = entry.name.startsWith(`${recipeHash(recipe).slice(0, 16)}-`)
      if (isOfRecipe) rmSync(folder, { recursive: true, force: true })
    }
  }
}

/**
 * Takes the right to write to a folder of what was judged.
 * @returns what gives it back; null where another process has it
 */
export function lockJudged(folder: string): (() => void) | null {
  const path = join(folder, 'lock')
  const release = (): void => rmSync(path, { force: true })
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return release
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (Date.now() - statSync(path).mtimeMs < LOCK_MS) return null
  // The killed process may have left anything half-written.
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true })
  return null
}

/** Null where no export was published with what is in the folder. */
export function readStanding(folder: string): Standing | null {
  try {
    return JSON.parse(readFileSync(join(folder, STANDING), 'utf8')) as Standing
  } catch {
    return null
  }
}

/** @param standing null while what it speaks of is written to */
export function writeStanding(folder: string, standing: Omit<Standing, 'change'> | null): void {
  const path = join(folder, STANDING)
  const said: Standing = {
    export_id: '',
    used: 0,
    purpose: '',
    recalibrated: {},
    ...standing,
    change: randomBytes(12).toString('hex'),
  }
  writeFileSync(`${path}.new`, JSON.stringify(said), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** What cannot be removed is not whole any more, and the next export says so. */
function removeIfAble(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // As on a disk that nothing can be written to.
  }
}

function keyOf(
  { component, events, people, signed, rows }: JudgedComponent,
  { versionOf, untilOf }: Pick<Components, 'versionOf' | 'untilOf'>,
  surveyed: SurveyedComponent | undefined,
): ComponentKey {
  const { judgements = [], signatures = [], frequent = [] } = surveyed ?? {}
  const [version, until] = [versionOf(component), untilOf(component)]
  return { version, until, rows, judgements, signatures, frequent, signed, events, people }
}
