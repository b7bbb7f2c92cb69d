import type { DecodedLine, FeedbackEvent, FlywheelEvent, InteractionEvent, RefusedLine } from '../src/index.js'
import { decodeLine } from '../src/index.js'

// Compiled by `tsc`, never run: a line under @ts-expect-error that compiles is an error.

declare const event: FlywheelEvent
if (event.type === 'interaction') event.messages satisfies InteractionEvent['messages']
if (event.type === 'feedback') event.kind satisfies FeedbackEvent['kind']
if (event.type === 'consent') event.label satisfies 'granted' | 'withdrawn'
// @ts-expect-error a link has no kind
if (event.type === 'link') event.kind
// @ts-expect-error messages exist after narrowing only
event.messages

const decoded = decodeLine('', 0)
if (decoded.ok) decoded satisfies DecodedLine
else decoded satisfies RefusedLine
// @ts-expect-error no event before ok is checked
decoded.event

export const least: InteractionEvent = { type: 'interaction', id: '', schema_version: 1 }
// @ts-expect-error another version
export const version: InteractionEvent = { type: 'interaction', id: '', schema_version: 2 }
// @ts-expect-error undefined is not absent
export const absent: InteractionEvent = { type: 'interaction', id: '', schema_version: 1, task: undefined }
// @ts-expect-error a kind that nobody knows
export const kind: FeedbackEvent = { type: 'feedback', id: '', schema_version: 1, kind: 'applause' }
// @ts-expect-error the server's own field
export const reserved: InteractionEvent = { type: 'interaction', id: '', schema_version: 1, project_id: 'p' }
