import { openKafkaLog } from '@flywheel/event-log/kafka'
import { createLifecycle, createLogger } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import { openServer } from '@flywheel/store'
import { loadSinkConfig } from './config.js'
import { startSinkService } from './service.js'

try {
  const config = loadSinkConfig(process.env)
  const logger = createLogger('sink', { level: config.logLevel })
  const lifecycle = createLifecycle({ logger, deadline_ms: config.shutdownMs })
  lifecycle.listen((code) => process.exit(code))
  const { opened } = await startSinkService(
    {
      ...config.service,
      logger,
      openLog: () =>
        openKafkaLog({
          ...config.kafka,
          onLog: ({ level, message, fields }) => logger[level](fields, message),
          // A member that can never go on; its partitions are the others' as soon as it is gone.
          onFatal: (error) => {
            logger.fatal({ error }, 'sink cannot go on')
            process.exit(1)
          },
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
