import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CODE_VERSIONS,
  type Components,
  canonicalJson,
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
/** What no export has used for so long is removed. */
const UNUSED_MS = 35 * 24 * 3_600_000

/** The last export that was published with this. */
export interface Standing {
  /** Another one after each change of what is here. */
  change: string
  export_id: string
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
}

/** One component that was judged before, and the block that has its rows. */
export interface KnownComponent extends BlockEntry {
  block: Block
}

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
  readonly #blocks: Block[]
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
    const { recipe, evaluation_sets } = scope
    const key = sha256(canonicalJson({ code: CODE_VERSIONS, evaluation_sets: [...evaluation_sets].sort(), about }))
    this.#scope = scope
    this.#watermark = watermark
    this.#made = made
    this.#folder = join(
      judgedFolder(scope.outDir, scope.projectId, scope.rowKey),
      `${recipeHash(recipe).slice(0, 16)}-${key.slice(0, 16)}`,
    )
    // Before what it speaks of is read: a change in between is found.
    this.standing = readStanding(this.#folder)
    this.#blocks = this.#read()
    for (const block of this.#blocks) {
      // Of an earlier snapshot: what was settled then is settled now.
      if (block.watermark > watermark) continue
      for (const entry of block.entries) {
        if (!this.#known.has(entry.key.version)) this.#known.set(entry.key.version, { ...entry, block })
      }
    }
  }

  #read(): Block[] {
    if (!existsSync(this.#folder)) return []
    const names = readdirSync(this.#folder).filter((name) => name.endsWith(BLOCK))
    return names.flatMap((name) => {
      const path = join(this.#folder, name)
      const block = readBlock(path)
      if (block === null) rmSync(path, { force: true })
      return block ?? []
    })
  }

  /** @throws FlywheelError `internal` where another run has written here since this began to read */
  refuseChanged(): void {
    if (readStanding(this.#folder)?.change === this.standing?.change) return
    throw new FlywheelError(
      'internal',
      'Another export of the same recipe was published while this one ran; run it again, and not both at once',
    )
  }

  /**
   * The components that were judged before in the same version, and surveyed by what is true now.
   * @param components of a snapshot, with versions
   */
  take({ count, versionOf }: Components, frequentAuthors: readonly string[]): Map<number, KnownComponent> {
    const frequent = new Set(frequentAuthors)
    const taken = new Map<number, KnownComponent>()
    const rows = new Map<Block, number>()
    for (let component = 0; component < count; component++) {
      const known = this.#known.get(versionOf(component))
      if (known === undefined || known.key.frequent.some(([author, was]) => frequent.has(author) !== was)) continue
      taken.set(component, known)
      rows.set(known.block, (rows.get(known.block) ?? 0) + known.key.rows)
    }
    for (const [component, { block, key }] of taken) {
      if (rows.get(block)! < block.rows * WORN) taken.delete(component)
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
    versionOf: (component: number) => string,
    surveyed: ReadonlyMap<number, SurveyedComponent>,
  ): void {
    const kept: Parameters<typeof writeBlock>[1]['components'] = []
    let first = 0
    for (const judged of components) {
      const places = Array.from({ length: judged.rows }, (_, at) => first + at)
      first += judged.rows
      if (!judged.isFinal) continue
      const key = keyOf(judged, versionOf(judged.component), surveyed.get(judged.component))
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

  /** Makes what this export took over and judged anew what the next one finds. Once it is published. */
  publish(export_id: string, recalibrated: Survey['recalibrated']): void {
    const { outDir, projectId, rowKey, recipe } = this.#scope
    const parent = judgedFolder(outDir, projectId, rowKey)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    writeStanding(this.#folder, null)
    for (const block of this.#blocks) {
      const isGone = ({ version }: ComponentKey): boolean =>
        this.#known.get(version)?.block !== block || !this.#used.has(version)
      if (scrubBlock(block, isGone) === 0) rmSync(block.path, { force: true })
    }
    for (const name of this.#written) renameSync(join(this.#made, name), join(this.#folder, name))
    const priors = Object.fromEntries([...recalibrated].map(([strategy, { prior }]) => [strategy, prior]))
    writeStanding(this.#folder, { export_id, recalibrated: priors })
    for (const name of readdirSync(parent, { withFileTypes: true })) {
      const folder = join(parent, name.name)
      if (!name.isDirectory() || folder === this.#folder) continue
      const isOfRecipe = name.name.startsWith(`${recipeHash(recipe).slice(0, 16)}-`)
      if (isOfRecipe || isUnused(folder)) rmSync(folder, { recursive: true, force: true })
    }
  }
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
  const said: Standing = { export_id: '', recalibrated: {}, ...standing, change: randomBytes(12).toString('hex') }
  writeFileSync(`${path}.new`, JSON.stringify(said), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function isUnused(folder: string): boolean {
  const { mtimeMs } = statSync(folder)
  return Date.now() - mtimeMs > UNUSED_MS
}

function keyOf(
  { events, people, signed, rows }: JudgedComponent,
  version: string,
  surveyed: SurveyedComponent | undefined,
): ComponentKey {
  const { judgements = [], signatures = [], frequent = [] } = surveyed ?? {}
  return { version, rows, judgements, signatures, frequent, signed, events, people }
}
