import { fixtureText, framesOf } from './anthropic-stub.js'

/** A whole answer of the fixtures, with `more` over it. */
export const contentBody = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...JSON.parse(fixtureText('google', name)),
  ...more,
})

/** A streamed answer of the fixtures. */
export const contentFrames = (name: string): string[] => framesOf(fixtureText('google', name))

/** Responses as the API streams them. */
export const responseFrames = (responses: readonly unknown[]): string[] =>
  responses.map((response) => `data: ${JSON.stringify(response)}\n\n`)

/** The body of an error. */
export const googleError = (status: number): unknown => ({
  error: { code: status, message: `no ${status}`, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL' },
})
