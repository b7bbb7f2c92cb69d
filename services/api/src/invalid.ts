import { FlywheelError } from '@flywheel/schema'
import type { Hook } from '@hono/zod-openapi'

/** Turns a failed validation into `invalid_request`, every problem named at once. */
// biome-ignore lint/suspicious/noExplicitAny: the hook serves routes of every shape
export const onInvalid: Hook<any, any, any, any> = (result) => {
  if (result.success) return
  const issues = result.error.issues.map(
    (issue) => `${[result.target, ...issue.path].map(String).join('.')}: ${issue.message}`,
  )
  throw new FlywheelError('invalid_request', `The request is not valid: ${issues.join('; ')}`)
}
