import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const MAX_DEPTH = 24

/**
 * Writes the api's types out in full: every name expanded, so that the file needs neither zod nor the api's sources
 * and a client checks against it at once.
 */
export function clientTypes(): string {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const parsed = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const entry = `${root}scripts/api-schema.ts`
  const program = ts.createProgram({ rootNames: [entry], options: parsed.options })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(entry)
  if (source === undefined) throw new Error(`${entry} is missing`)
  const alias = source.statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === 'ApiSchema',
  )
  if (alias === undefined) throw new Error('ApiSchema is missing')
  const schema = expand(checker, checker.getTypeAtLocation(alias.name), '', 0)
  return [
    '// biome-ignore-all lint: generated',
    '// biome-ignore-all format: generated',
    '// Written by `npm run emit -w @flywheel/api`; a test fails when it differs from the sources.',
    "import type { Hono } from 'hono'",
    '',
    '/** Every route of the api: what it takes and what it answers. */',
    `export type ApiSchema = ${schema}`,
    '',
    '/** The api as `hc<Api>(url)` wants it. */',
    "export type Api = Hono<{}, ApiSchema, '/'>",
    '',
  ].join('\n')
}

function expand(checker: ts.TypeChecker, type: ts.Type, indent: string, depth: number): string {
  if (depth > MAX_DEPTH) return 'unknown'
  // Hono's name for what JSON can hold: recursive, and no better than unknown to whoever reads it.
  const name = checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
  if (/\bJSON(Value|Parsed|Array|Object)\b/.test(name) && !name.includes('outputFormat')) {
    if (type.isUnion() || /^JSON(Value|Array|Object)$/.test(type.aliasSymbol?.name ?? '')) return 'unknown'
  }
  const inner = `${indent}  `
  const next = (one: ts.Type, at = indent) => expand(checker, one, at, depth + 1)
  if (type.isUnion()) {
    const json = type.types.filter((one) => isJsonAnswer(checker, one))
    // A route that also streams other formats: a typed client asks for JSON.
    if (json.length > 0 && json.length < type.types.length) return json.map((one) => next(one)).join(' | ')
    const parts = type.types.map((one) => next(one))
    const words = new Set(parts.map((part) => (part.includes('=>') ? `(${part})` : part)))
    // TypeScript keeps boolean as a union of its two values.
    if (words.delete('true') && !words.delete('false')) words.add('true')
    else if (parts.includes('true')) words.add('boolean')
    return [...words].sort().join(' | ')
  }
  if (type.isIntersection()) {
    if (type.getProperties().length === 0) return type.types.map((one) => next(one)).join(' & ')
  }
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type as ts.TypeReference)
    const text = element === undefined ? 'unknown' : next(element)
    return /[|&]/.test(text) && !text.startsWith('{') ? `(${text})[]` : `${text}[]`
  }
  const isObject = (type.flags & ts.TypeFlags.Object) !== 0 || type.isIntersection()
  if (!isObject) return checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
  const members: string[] = []
  for (const property of type.getProperties()) {
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
    const key = /^[A-Za-z_$][\w$]*$/.test(property.name) ? property.name : JSON.stringify(property.name)
    const value = next(checker.getTypeOfSymbol(property), inner)
    members.push(`${inner}${key}${isOptional ? '?' : ''}: ${value}`)
  }
  members.sort()
  for (const info of checker.getIndexInfosOfType(type)) {
    members.push(`${inner}[name: ${checker.typeToString(info.keyType)}]: ${next(info.type, inner)}`)
  }
  return members.length === 0 ? '{}' : `{\n${members.join('\n')}\n${indent}}`
}

/** An answer of JSON. Hono types a streamed one as a whole Response, under the same name of a format. */
function isJsonAnswer(checker: ts.TypeChecker, type: ts.Type): boolean {
  const format = type.getProperty('outputFormat')
  const output = type.getProperty('output')
  if (format === undefined || output === undefined) return false
  const literal = checker.getTypeOfSymbol(format)
  const isJson = literal.isStringLiteral() && literal.value === 'json'
  return isJson && checker.getTypeOfSymbol(output).getProperty('arrayBuffer') === undefined
}
