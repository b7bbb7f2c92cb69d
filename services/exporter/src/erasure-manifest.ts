import { canonicalJson, type Manifest, type StatisticsBuilder, sha256, trainerSettings } from '@flywheel/curation'

/** Why a row left an export that had been published. */
export type ErasureReason = 'erased' | 'withdrawn'

/** A file of the earlier export that is not as it was; null where nothing of it is left. */
export interface ErasedFile {
  path: string
  old_sha256: string
  new_sha256: string | null
}

/** What left an export, for those who hold copies of it. */
export interface ErasedPart {
  rows: Record<ErasureReason, number>
  /** Members of components that no later export must know. */
  members: number
  files: ErasedFile[]
  /** The export that funnel, strategies, people and leaks are told of: the one that was rewritten. */
  figures_of: string
}

/** The manifest of an erasure export: its parent's, with other files. */
export type ErasureManifest = Omit<Manifest, 'kind'> & { kind: 'erasure'; erased: ErasedPart }

/** One file of the new folder. */
export type ErasureFile = Omit<Manifest['files'][number], 'bytes' | 'sha256'> & { bytes: Uint8Array }

/**
 * An erasure export is what its parent was, less these rows and members, and less the rows of earlier exports that its
 * chain named; the same once more has the same id.
 */
export function erasureId(
  parent: string,
  rows: readonly string[],
  members: readonly string[],
  chained: readonly string[],
): string {
  const less = { rows: [...rows].sort(), members: [...members].sort() }
  // Absent where there is none: a rewrite that an older version began is found again under its id.
  const also = chained.length === 0 ? {} : { chained: [...chained].sort() }
  return sha256(canonicalJson({ kind: 'erasure', parent, ...less, ...also }))
}

/** Rows of one part of a target; each of its formats holds the same. */
function rowsOf({ target, part }: Manifest['targets'][number], files: readonly ErasureFile[]): number {
  const mine = files.filter((file) => file.target === target && file.shape === part)
  return mine.filter(({ format }) => format === mine[0]?.format).reduce((sum, { rows }) => sum + rows, 0)
}

/**
 * Builds the manifest. Figures of rows and settings of the trainer are of what is left; what only the evidence could tell
 * (people, leaks, how well the sides are told apart) stays the parent's.
 * @param figures of the rows that are left
 */
export function erasureManifest(
  parent: Manifest,
  export_id: string,
  files: readonly ErasureFile[],
  erased: Omit<ErasedPart, 'figures_of'>,
  left: readonly { config: string; split: string }[],
  figures: StatisticsBuilder,
): ErasureManifest {
  const { statistics } = parent
  const rows = Object.fromEntries(
    Object.keys(statistics.rows).map((name) => [name, left.filter(({ config }) => config === name).length]),
  )
  const { users, gini, rows_per_user, leaking_members, tells_sides_apart } = statistics
  const own = figures.finish({ rows_per_user: [], leaking_members, tells_sides_apart })
  // A split of which nothing is left is still one of the set's; of a row that stands in no file the component is not known.
  const splits = Object.fromEntries(
    Object.keys(statistics.splits).map((name) => [
      name,
      {
        components: own.splits[name]?.components ?? 0,
        rows: left.filter((item) => item.split === name).length,
      },
    ]),
  )
  const mine = { ...own, users, gini, rows_per_user, rows: rows as Manifest['statistics']['rows'], splits }
  const figures_of = (parent as { erased?: ErasedPart }).erased?.figures_of ?? parent.export_id
  return {
    ...parent,
    export_id,
    parent: parent.export_id,
    kind: 'erasure',
    targets: parent.targets.map((each) => ({ ...each, rows: rowsOf(each, files) })),
    statistics: mine,
    consent: { ...parent.consent, rows: figures.consents() },
    trainer: trainerSettings(figures, mine),
    files: files.map(({ bytes, ...file }) => ({ ...file, bytes: bytes.length, sha256: sha256(bytes) })),
    erased: { ...erased, figures_of },
  }
}

/** The parent's card with what was taken from it, and no name of a file that is no more. */
export function erasureCard(card: string, manifest: ErasureManifest): string {
  const { erased, export_id, files } = manifest
  const lines = card.replaceAll(String(manifest.parent), export_id).split('\n')
  const isThere = (path: string): boolean => files.some((file) => file.path.startsWith(path.split('*')[0] as string))
  const kept = lines.filter((line, index) => {
    const named = /^ {4}path: (\S+)$/.exec(line)?.[1] ?? /^ {4}path: (\S+)$/.exec(lines[index + 1] ?? '')?.[1]
    const isEntry = /^ {2}- split: |^ {4}path: /.test(line)
    return !isEntry || named === undefined || isThere(named)
  })
  const { rows } = erased
  return `${kept.join('\n')}
## Erased

This is export \`${manifest.parent}\` less ${rows.erased} rows of people or sessions that were erased and ${rows.withdrawn} rows whose consent was withdrawn. Whoever has that export must replace it: \`meta/erased.jsonl\` lists the rows, the manifest the files with their old and new hashes. The figures above are those of export \`${erased.figures_of}\`; the manifest and \`report.html\` have those of what is left, with what to set in the trainer.
`
}
