import { openKafkaLog } from '@flywheel/event-log/kafka'
import { createLifecycle, createLogger } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import { openServer } from '@flywheel/store'
import { loadCollectorConfig } from './config.js'
import { openTracing } from './open-tracing.js'
import { startCollectorService } from './service.js'

try {
  const config = loadCollectorConfig(process.env)
  const logger = createLogger('collector', { level: config.logLevel })
  const lifecycle = createLifecycle({ logger, deadline_ms: config.shutdownMs })
  lifecycle.listen((code) => process.exit(code))
  const { opened } = await startCollectorService(
    {
      ...config.service,
      logger,
      tracing: await openTracing(process.env, logger),
      openLog: () =>
        openKafkaLog({
          ...config.kafka,
          // The client calls an error what it then tries again; what stays is said by the request that fails.
          onLog: ({ message, fields }) => logger.warn(fields, message),
        }),
      openStore: () => openServer(config.clickhouse),
    },
    lifecycle,
  )
  await opened
} catch (error) {
  console.error(isFlywheelError(error) ? error.message : error)
  process.exit(1)
}
