// As the documentation says: a logger for the project, and wrapOpenAI.
import { initLogger, wrapOpenAI } from 'braintrust'

export const packages = ['braintrust']

export function start({ OpenAI, sink }) {
  const logger = initLogger({ projectName: 'bench', apiKey: 'sk-bench', appUrl: sink })
  return { client: (options) => wrapOpenAI(new OpenAI(options)), flush: () => logger.flush() }
}
