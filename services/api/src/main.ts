import { openKafkaLog } from '@flywheel/event-log/kafka'
import { createLifecycle, createLogger } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import { openServer } from '@flywheel/store'
import { loadApiConfig } from './config.js'
import { startApiService } from './service.js'

try {
  const config = loadApiConfig(process.env)
  const logger = createLogger('api', { level: config.logLevel })
  const lifecycle = createLifecycle({ logger, deadline_ms: config.shutdownMs })
  lifecycle.listen((code) => process.exit(code))
  const { opened } = await startApiService(
    {
      ...config.service,
      logger,
      openLog: () => openKafkaLog(config.kafka),
      openStore: () => openServer(config.clickhouse),
      openSql: () => openServer({ ...config.clickhouse, readOnly: config.sqlLimits }),
    },
    lifecycle,
  )
  await opened
} catch (error) {
  console.error(isFlywheelError(error) ? error.message : error)
  process.exit(1)
}
