import { z } from 'zod'
import { consentSchema } from './consent.js'
import { feedbackFields } from './feedback.js'
import { FEEDBACK_RULES } from './feedback-rules.js'
import { interactionFilterSchema } from './filter.js'
import { interactionSchema } from './interaction.js'
import { linkFields } from './link.js'
import { logHeaderSchema } from './log-header.js'
import { UUID_PATTERN } from './uuidv7.js'
import { FEEDBACK_KINDS } from './wire.js'

type JsonSchema = Record<string, unknown>

const uuidWhere = (kinds: readonly string[]): JsonSchema => ({
  if: { properties: { target_kind: { enum: kinds } }, required: ['target_kind'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { target: { pattern: UUID_PATTERN.source } } },
})

/** The rules of `feedbackProblem` that JSON Schema can say; `winner` against `candidates` it cannot. */
function feedbackRules(): JsonSchema {
  const kinds = FEEDBACK_KINDS.map((kind): JsonSchema => {
    const rule = FEEDBACK_RULES[kind]
    const properties: JsonSchema = {}
    if (rule.labels !== undefined) properties['label'] = { enum: rule.labels }
    if (rule.candidates !== undefined) properties['candidates'] = { minItems: rule.candidates }
    const needs = rule.groups.map((group) => ({ anyOf: group.map((field) => ({ required: [field] })) }))
    return {
      if: { properties: { kind: { const: kind } }, not: { required: ['retracts'] } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { properties, ...(needs.length > 0 ? { allOf: needs } : {}) },
    }
  })
  const targets = [
    { required: ['target', 'target_kind'], not: { required: ['ticket'] } },
    { required: ['ticket'], not: { anyOf: [{ required: ['target'] }, { required: ['target_kind'] }] } },
  ]
  return { oneOf: targets, allOf: [uuidWhere(['interaction', 'turn']), ...kinds] }
}

function document(name: string, schema: z.core.$ZodType, more: JsonSchema = {}): JsonSchema {
  const { $schema, ...body } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  return { $schema, $id: `urn:flywheel:schema:v1:${name}`, title: name, ...body, ...more }
}

/** Every JSON Schema of version 1 by file name, as it stands in `json-schema/v1`. */
export function jsonSchemas(): Record<string, JsonSchema> {
  return {
    'interaction.json': document('interaction', interactionSchema),
    'feedback.json': document('feedback', feedbackFields, feedbackRules()),
    'link.json': document('link', linkFields, { allOf: [uuidWhere(['interaction', 'turn'])] }),
    'consent.json': document('consent', consentSchema),
    'interaction-filter.json': document('interaction-filter', interactionFilterSchema),
    'log-header.json': document('log-header', logHeaderSchema),
  }
}
