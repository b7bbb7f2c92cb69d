import { openKafkaLog } from '@flywheel/event-log/kafka'
import { createLifecycle, createLogger } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import { openServer } from '@flywheel/store'
import { loadExporterConfig } from './config.js'
import { createExporterWorker } from './exporter-worker.js'
import { startExporterService } from './service.js'

try {
  const config = loadExporterConfig(process.env)
  const logger = createLogger('exporter', { level: config.logLevel })
  const lifecycle = createLifecycle({ logger, deadline_ms: config.shutdownMs })
  lifecycle.listen((code) => process.exit(code))
  const { opened } = await startExporterService(
    {
      ...config.service,
      logger,
      openLog: () => openKafkaLog(config.kafka),
      openStore: () => openServer(config.clickhouse),
      worker: createExporterWorker({
        store: { kind: 'server', options: config.clickhouse },
        outDir: config.exportDir,
      }),
    },
    lifecycle,
  )
  await opened
} catch (error) {
  console.error(isFlywheelError(error) ? error.message : error)
  process.exit(1)
}
