/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { anthropic } from './adapters/anthropic.js'
import { providerConformance } from './suite.js'

for (const adapter of anthropic) providerConformance(adapter)
