import type { InteractionHead } from './evidence/evidence.js'
import type { ColumnsRecipe } from './recipe/columns.js'
import { byCodeUnit } from './text/canonical-json.js'

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

/** The same columns with each value written anew; null stays null. */
export function mapColumns(columns: RowColumns, rewrite: (value: string) => string): RowColumns {
  const orNull = (value: string | null): string | null => (value === null ? null : rewrite(value))
  const { prompt_version, release, tags, metadata } = columns
  return {
    ...(prompt_version === undefined ? {} : { prompt_version: orNull(prompt_version) }),
    ...(release === undefined ? {} : { release: orNull(release) }),
    ...(tags === undefined ? {} : { tags: tags.map(rewrite) }),
    ...(metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, orNull(value)])) }),
  }
}
