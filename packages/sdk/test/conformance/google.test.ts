/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { google } from './adapters/google.js'
import { providerConformance } from './suite.js'

for (const adapter of google) providerConformance(adapter)
