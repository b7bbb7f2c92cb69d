import type { Provider } from './provider.js'

/** OpenAI's library and what speaks its shape; Azure's client is a subclass. */
const openai: Provider = {
  methods: {
    'chat.completions.create': 'chat',
    'responses.create': 'responses',
    'beta.responses.create': 'responses',
    'embeddings.create': 'embeddings',
    'completions.create': 'completions',
  },
  // Behind a gateway Azure's client has another address, but still the field that only it has.
  name: (client) =>
    'apiVersion' in client || /\.azure\.com/.test(String((client as { baseURL?: unknown }).baseURL))
      ? 'azure.ai.openai'
      : 'openai',
  load: () => import('./providers/openai.js'),
}

/** Anthropic's library; its clients for Bedrock and Vertex are subclasses that say so themselves, older ones by their URL. */
const anthropic: Provider = {
  methods: { 'messages.create': 'messages', 'beta.messages.create': 'messages' },
  name(client) {
    const { _genAIProviderName: own, baseURL } = client as { _genAIProviderName?: string; baseURL?: unknown }
    const [cloud] = /bedrock|aiplatform/.exec(String(baseURL)) ?? []
    return own ?? (cloud === 'bedrock' ? 'aws.bedrock' : cloud ? 'gcp.vertex_ai' : 'anthropic')
  },
  load: () => import('./providers/anthropic.js'),
}

/** Google's library for Gemini and for Vertex; its `chats` go through `models`. */
const google: Provider = {
  methods: {
    'models.generateContent': 'generate',
    'models.generateContentStream': 'generate',
    'models.embedContent': 'embed',
  },
  name: (client) => ((client as { vertexai?: unknown }).vertexai ? 'gcp.vertex_ai' : 'gcp.gemini'),
  load: () => import('./providers/google.js'),
}

/** The libraries that `wrap` knows. */
export const PROVIDERS: readonly Provider[] = [openai, anthropic, google]
