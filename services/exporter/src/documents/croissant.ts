import type { Manifest } from '@flywheel/curation'

/** Media types of what a data set is written in. */
const MEDIA: Record<string, string> = {
  jsonl: 'application/jsonlines',
  parquet: 'application/x-parquet',
}

/** A column of messages, or of one value. */
interface Column {
  name: string
  description: string
  isMessages: boolean
}

const messages = (name: string, description: string): Column => ({ name, description, isMessages: true })

/** Columns of each part of TRL's layout. */
const COLUMNS: Record<string, readonly Column[]> = {
  preference: [
    messages('prompt', 'Messages that the model was asked with'),
    messages('chosen', 'The message that people preferred'),
    messages('rejected', 'The message that they did not'),
  ],
  unpaired: [
    messages('prompt', 'Messages that the model was asked with'),
    messages('completion', 'The message that was judged'),
    { name: 'label', description: 'Whether it was judged good', isMessages: false },
  ],
  supervised: [
    messages('prompt', 'Messages that the model was asked with'),
    messages('completion', 'The message that should have been there'),
  ],
}

const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
}

/** Role and content of every message of a column. */
function messageFields(id: string, column: string, fileSet: object): object[] {
  return ['role', 'content'].map((name) => ({
    '@type': 'cr:Field',
    '@id': `${id}/${name}`,
    name,
    dataType: 'sc:Text',
    repeated: true,
    source: { fileSet, extract: { column }, transform: { jsonPath: `$[*].${name}` } },
  }))
}

function field(shape: string, { name, description, isMessages }: Column, fileSet: object): object {
  const id = `${shape}/${name}`
  const common = { '@type': 'cr:Field', '@id': id, name, description }
  if (isMessages) return { ...common, repeated: true, subField: messageFields(id, name, fileSet) }
  return { ...common, dataType: 'sc:Boolean', source: { fileSet, extract: { column: name } } }
}

/** One set of records, read from every file of a shape in one format: two formats hold the same rows twice. */
function recordSet(shape: string, columns: readonly Column[], extension: string): { set: object; records: object } {
  const id = `${shape}-files`
  return {
    set: {
      '@type': 'cr:FileSet',
      '@id': id,
      encodingFormat: MEDIA[extension],
      includes: `${shape}/*.${extension}`,
    },
    records: {
      '@type': 'cr:RecordSet',
      '@id': shape,
      name: shape,
      field: columns.map((column) => field(shape, column, { '@id': id })),
    },
  }
}

/**
 * The set as a Croissant 1.0 description (JSON-LD of MLCommons): every file with its sha256, every column of TRL's layout. Made of the
 * manifest alone; times are those of the snapshot.
 */
export function croissant(manifest: Omit<Manifest, 'kind'>): string {
  const { export_id, recipe, snapshot, files, statistics } = manifest
  const distribution: object[] = files.map(({ path, format, sha256, bytes }) => ({
    '@type': 'cr:FileObject',
    '@id': path,
    name: path,
    contentUrl: path,
    contentSize: `${bytes} B`,
    encodingFormat: MEDIA[format] ?? 'application/octet-stream',
    sha256,
  }))
  const records: object[] = []
  for (const [shape, columns] of Object.entries(COLUMNS)) {
    const own = files.filter((file) => file.target === 'trl' && file.shape === shape)
    const extension = own.some(({ format }) => format === 'parquet') ? 'parquet' : own[0]?.format
    if (extension === undefined) continue
    const made = recordSet(shape, columns, extension)
    distribution.push(made.set)
    records.push(made.records)
  }
  const { preference, unpaired, supervised } = statistics.rows
  const description = {
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: recipe.name,
    description: `Training data from what people kept, chose and refused: ${preference} preference pairs, ${unpaired} labelled completions, ${supervised} completions. Purpose: ${recipe.purpose}.`,
    version: `0.0.0+${export_id.slice(0, 16)}`,
    identifier: export_id,
    datePublished: snapshot.watermark,
    isLiveDataset: false,
    distribution,
    recordSet: records,
  }
  return `${JSON.stringify(description, null, 2)}\n`
}
