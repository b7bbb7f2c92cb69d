import type { InteractionHead } from './evidence/evidence.js'
import { type ColumnsRecipe, NO_COLUMNS } from './recipe/columns.js'
import type { JoinedRows, JoinedValue } from './recipe/join.js'
import { byCodeUnit } from './text/canonical-json.js'
import type { World } from './world.js'

/**
 * What a recipe allows of the captured interaction into the sidecar; a field that it does not ask for is absent. Every
 * row of a set has the same fields and the same keys of metadata, each a text or null, so that a column has one type.
 */
export interface RowColumns {
  /** Null where the host said none: the store keeps no difference to an empty text. */
  prompt_version?: string | null
  /** As `prompt_version`. */
  release?: string | null
  /** Sorted, each once. */
  tags?: string[]
  /** Each key that the recipe names, null where the interaction has none or an empty text. */
  metadata?: Record<string, string | null>
  /** The columns of the joined file that the recipe names, each null where it has no row for this one. */
  joined?: Record<string, JoinedValue>
}

type Captured = Pick<InteractionHead, 'user_id' | 'session_id' | 'prompt_version' | 'release' | 'tags' | 'metadata'>

/**
 * The columns of one row before redaction. A value that is the id of the interaction's user or session is none,
 * under whatever name the host sent it.
 * @param head of the interaction of the prompt
 */
export function columnsOf(head: Captured | undefined, asked: ColumnsRecipe): RowColumns {
  const { metadata = {}, tags = [] } = head ?? {}
  const people = [head?.user_id, head?.session_id]
  const said = (value: string | undefined): string | null =>
    value === undefined || value === '' || people.includes(value) ? null : value
  const isAllowed = (tag: string): boolean => said(tag) !== null && (asked.tags === 'all' || asked.tags.includes(tag))
  // A host may send a key that every object has.
  const under = (key: string): string | undefined => (Object.hasOwn(metadata, key) ? metadata[key] : undefined)
  return {
    ...(asked.prompt_version ? { prompt_version: said(head?.prompt_version) } : {}),
    ...(asked.release ? { release: said(head?.release) } : {}),
    ...(asked.tags.length === 0 ? {} : { tags: [...new Set(tags.filter(isAllowed))].sort(byCodeUnit) }),
    ...(asked.metadata.length === 0
      ? {}
      : { metadata: Object.fromEntries(asked.metadata.map((key) => [key, said(under(key))])) }),
  }
}

/** The columns of the joined file's row: by the id, or by the first of the interaction's refs that the file knows. */
function joinedOf(interaction: string, world: World, rows: JoinedRows): Record<string, JoinedValue> {
  const { by, columns } = world.recipe.join ?? { by: 'id', columns: [] }
  const keys = by === 'id' ? [interaction] : world.refs(interaction)
  const found = keys.find((key) => rows.has(key))
  const row = found === undefined ? undefined : rows.get(found)
  return Object.fromEntries(columns.map((name) => [name, row?.[name] ?? null]))
}

/**
 * Everything that a recipe asks for of one row's sidecar, before redaction; undefined where that is nothing.
 * @param interaction of the prompt
 * @param rows of the joined file
 */
export function sidecarColumns(
  interaction: string,
  world: World,
  rows: JoinedRows = new Map(),
): RowColumns | undefined {
  const { columns, join } = world.recipe
  if (columns === undefined && join === undefined) return undefined
  return {
    ...columnsOf(world.head(interaction), columns ?? NO_COLUMNS),
    ...(join === undefined ? {} : { joined: joinedOf(interaction, world, rows) }),
  }
}

/** The same columns with each text written anew; what is no text stays as it is. */
export function mapColumns(columns: RowColumns, rewrite: (value: string) => string): RowColumns {
  const orNull = (value: string | null): string | null => (value === null ? null : rewrite(value))
  const ifText = (value: JoinedValue): JoinedValue => (typeof value === 'string' ? rewrite(value) : value)
  const { prompt_version, release, tags, metadata, joined } = columns
  return {
    ...(prompt_version === undefined ? {} : { prompt_version: orNull(prompt_version) }),
    ...(release === undefined ? {} : { release: orNull(release) }),
    ...(tags === undefined ? {} : { tags: tags.map(rewrite) }),
    ...(metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, orNull(value)])) }),
    ...(joined === undefined
      ? {}
      : { joined: Object.fromEntries(Object.entries(joined).map(([name, value]) => [name, ifText(value)])) }),
  }
}
