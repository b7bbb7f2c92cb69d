import { writeFileSync } from 'node:fs'
import { clientTypes } from './client-types.js'
import { openApiText } from './openapi-text.js'

writeFileSync(new URL('../client/index.d.ts', import.meta.url), clientTypes())
writeFileSync(new URL('../openapi.json', import.meta.url), openApiText())
