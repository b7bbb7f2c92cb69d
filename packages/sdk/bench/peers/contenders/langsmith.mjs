// As the documentation says: LANGSMITH_TRACING and its key in the environment, and wrapOpenAI.
import { Client } from 'langsmith'
import { wrapOpenAI } from 'langsmith/wrappers'

export const packages = ['langsmith']

export function start({ OpenAI, sink }) {
  process.env.LANGSMITH_TRACING = 'true'
  const client = new Client({ apiUrl: sink, apiKey: 'lsv2_bench' })
  return {
    client: (options) => wrapOpenAI(new OpenAI(options), { client }),
    flush: () => client.awaitPendingTraceBatches(),
  }
}
