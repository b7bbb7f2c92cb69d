import type { ColumnsRecipe } from '../recipe/columns.js'
import type { JoinRecipe } from '../recipe/join.js'

function namesOf({ prompt_version, release, tags, metadata }: ColumnsRecipe): string[] {
  const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')
  return [
    ...(prompt_version ? ['`prompt_version`'] : []),
    ...(release ? ['`release`'] : []),
    ...(tags === 'all' ? ['`tags`'] : tags.length > 0 ? [`\`tags\` (only ${quoted(tags)})`] : []),
    ...(metadata.length > 0 ? [`\`metadata\` (only ${quoted(metadata)})`] : []),
  ]
}

/** What the sidecars say of the captured interactions beside what is known about every row; nothing where nobody asked. */
export function columnsLine(columns: ColumnsRecipe | undefined): string[] {
  if (columns === undefined) return []
  const names = namesOf(columns).join(', ')
  return [
    `They also hold what the host said of the interaction of the prompt: ${names}, redacted like the texts; null where it said nothing.`,
    '',
  ]
}

/** What the sidecars say from the file that the recipe joins; nothing where it joins none. */
export function joinedLine(join: JoinRecipe | undefined, read: { sha256: string } | undefined): string[] {
  if (join === undefined) return []
  const names = join.columns.map((name) => JSON.stringify(name)).join(', ')
  return [
    `\`joined\` holds ${names} of \`${join.file}\` (SHA-256 ${read?.sha256 ?? 'unknown'}), a file of whoever made the export, by ${join.by === 'ref' ? 'the host’s own key' : 'the interaction’s id'}; null where it has no row.`,
    '',
  ]
}
