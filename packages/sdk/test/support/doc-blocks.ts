import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A fenced ```ts or ```tsx block of a document. */
export interface Block {
  readonly document: string
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly isTsx: boolean
  readonly code: string
  /** What `<!-- types: … -->` on the line above the fence names. */
  readonly prelude: string | undefined
}

/** The blocks of a document, in order. */
export function blocksOf(document: string, text: string): Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const language = /^```(tsx?)\s*$/.exec(lines[index] as string)?.[1]
    if (!language) continue
    const start = index + 1
    while (lines[++index] !== '```') if (index >= lines.length) throw new Error(`${document}:${start}: no end of block`)
    const prelude = /^<!-- types: (\w+) -->$/.exec(lines[start - 2] ?? '')?.[1]
    blocks.push({
      document,
      line: start + 1,
      isTsx: language === 'tsx',
      code: lines.slice(start, index).join('\n'),
      prelude,
    })
  }
  return blocks
}

/** Grammar of a file that a shortened example need not keep: `return` stands in a handler that the prose described. */
const OF_PROSE = new Set([1108])

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  customConditions: ['@flywheel/source'],
  jsx: ts.JsxEmit.ReactJSX,
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
}

/**
 * Checks every block as a module of its own in `folder`, which need not exist, with the declarations of `ambient` and, for
 * a block that asks for it, of `preludes`. Returns what TypeScript says, as `document:line TSnumber message`.
 */
export function complaints(
  blocks: readonly Block[],
  {
    folder,
    ambient,
    preludes,
  }: { folder: string; ambient: readonly string[]; preludes: Readonly<Record<string, string>> },
): string[] {
  const files = new Map<string, { text: string; block?: Block }>()
  // Not as .d.ts: those are not checked, and a name of theirs that is not found would be any.
  for (const [index, text] of ambient.entries()) files.set(join(folder, `ambient-${index}.ts`), { text })
  for (const [index, block] of blocks.entries()) {
    if (block.prelude !== undefined && !(block.prelude in preludes)) {
      throw new Error(`${block.document}:${block.line}: no prelude is called ${block.prelude}`)
    }
    // An element on a line of its own would otherwise be compared with the line before it.
    const code = block.isTsx ? block.code.replace(/^</gm, ';<') : block.code
    const text = `${code}\n${preludes[block.prelude ?? ''] ?? ''}\nexport {}`
    files.set(join(folder, `block-${index}.${block.isTsx ? 'tsx' : 'ts'}`), { text, block })
  }
  const host = ts.createCompilerHost(OPTIONS)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.text ?? readFile(path)
  host.getSourceFile = (path, language, ...rest) => {
    const own = files.get(path)
    return own ? ts.createSourceFile(path, own.text, language) : getSourceFile(path, language, ...rest)
  }
  const program = ts.createProgram([...files.keys()], OPTIONS, host)
  const found: string[] = []
  for (const [path, { block }] of files) {
    const source = program.getSourceFile(path)
    if (!source) throw new Error(`${path} was not read`)
    for (const { code, start = 0, messageText } of ts.getPreEmitDiagnostics(program, source)) {
      if (OF_PROSE.has(code)) continue
      const line = source.getLineAndCharacterOfPosition(start).line + (block?.line ?? 1)
      const message = ts.flattenDiagnosticMessageText(messageText, ' ').replaceAll(/\s+/g, ' ')
      found.push(`${block?.document ?? 'the declarations of the test'}:${line} TS${code} ${message}`)
    }
  }
  return found
}

/** The blocks of documents that lie under `root`. */
export function readBlocks(root: string, documents: readonly string[]): Block[] {
  return documents.flatMap((document) => blocksOf(document, readFileSync(join(root, document), 'utf8')))
}
