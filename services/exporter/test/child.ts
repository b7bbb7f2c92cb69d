import { openEmbedded } from '@flywheel/store'
import { createExporterWorker, runExport } from '../src/index.js'
import { PROJECT, ROW_KEY, settled } from './support.js'

// Arguments: store path, folder, watermark, `worker` or `here`. Prints the summary.
const [path = '', outDir = '', watermark = '', where] = process.argv.slice(2)
const request = { projectId: PROJECT, recipe: settled, watermark, rowKey: ROW_KEY }
const db = await openEmbedded({ path })
if (where === 'worker') {
  const exporter = createExporterWorker({ store: { kind: 'embedded', path }, outDir })
  const both = await Promise.all([exporter.run(request), exporter.run(request)])
  const refused = await exporter.run({ ...request, recipe: { strategies: ['none'] } }).catch((error: Error) => error)
  await exporter.close()
  const rows = await db.query<{ n: string }>('SELECT count() AS n FROM exports FINAL')
  console.log(
    JSON.stringify({ both, refused, recorded: Number(rows[0]?.n), code: (refused as { code?: string }).code }),
  )
} else console.log(JSON.stringify(await runExport({ ...request, db, outDir, now: () => new Date() })))
await db.close()
