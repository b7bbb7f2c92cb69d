/** `npm run replay`: plays the data, exports, scores, prints the table; `-- --write` writes it to the docs. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { DATA_FOLDER, hasData } from './data.js'
import { measure } from './measure.js'
import { markdown } from './table.js'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, write: { type: 'boolean', default: false } },
})
if (!hasData()) {
  console.error(`replay: there is nothing to play in ${DATA_FOLDER.pathname}; put the data beside the project`)
  process.exit(2)
}
const page = markdown(await measure(Number(values.seed)))
console.log(page)
if (values.write) await writeFile(new URL('../../../packages/curation/docs/measured.md', import.meta.url), page)
