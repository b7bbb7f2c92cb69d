import type { Part } from '@flywheel/schema'

type Shape = Record<string, unknown>

const hasText = (value: Shape, ...keys: string[]): boolean => keys.some((key) => typeof value[key] === 'string')

/** What a picture, a file or a sound looks like among the values of a tool: as we keep its hash, or as providers point at it. */
const POINTERS: Readonly<Record<string, (value: Shape) => boolean>> = {
  blob: (value) => hasText(value, 'sha256'),
  uri: (value) => hasText(value, 'uri'),
  file: (value) => hasText(value, 'file_id'),
  // Anthropic's; a document may be plain text.
  image: (value) => typeof value['source'] === 'object',
  document: ({ source }) => ['url', 'file'].includes((source as Shape | undefined)?.['type'] as string),
  // OpenAI's.
  image_url: (value) => typeof value['image_url'] === 'object',
  input_image: (value) => hasText(value, 'image_url', 'file_id'),
  input_file: (value) => hasText(value, 'file_url', 'file_id'),
}

/**
 * True where a part is a picture, a file or a sound, or the result of a tool that holds one: their bytes are stored
 * nowhere, and what is left of them is no text to train on.
 */
export function holdsMedia(part: Part): boolean {
  if (part.type === 'blob' || part.type === 'uri' || part.type === 'file') return true
  if (part.type !== 'tool_call_response') return false
  // No recursion: a tool may answer as deep as it likes.
  const open: unknown[] = [part.response]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const { type } = value as Shape
    if (typeof type === 'string' && Object.hasOwn(POINTERS, type) && POINTERS[type]!(value as Shape)) return true
    for (const inner of Object.values(value)) if (inner !== undefined) open.push(inner)
  }
  return false
}
