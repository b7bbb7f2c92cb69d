// As the documentation of the SDK wrapper says: PostHog's client, handed to PostHog's OpenAI class.
import { OpenAI } from '@posthog/ai/openai'
import { PostHog } from 'posthog-node'

export const packages = ['@posthog/ai', 'posthog-node']

export function start({ sink }) {
  const posthog = new PostHog('phc_bench', { host: sink })
  return { client: (options) => new OpenAI({ ...options, posthog }), flush: () => posthog.flush() }
}
