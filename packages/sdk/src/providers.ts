import type { Provider } from './provider.js'

/** OpenAI's library and what speaks its shape; Azure's client is a subclass. */
const openai: Provider = {
  methods: {
    'chat.completions.create': 'chat',
    'responses.create': 'responses',
    'embeddings.create': 'embeddings',
    'completions.create': 'completions',
  },
  name: (client) =>
    /\.azure\.com/.test(String((client as { baseURL?: unknown }).baseURL)) ? 'azure.ai.openai' : 'openai',
  load: () => import('./providers/openai.js'),
}

/** The libraries that `wrap` knows. */
export const PROVIDERS: readonly Provider[] = [openai]
