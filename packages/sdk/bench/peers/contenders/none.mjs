/** The control: the same client again and nothing added, so its row says how far apart two equal things measure. */
export const packages = []

export function start({ OpenAI }) {
  return { client: (options) => new OpenAI(options), flush: async () => {} }
}
