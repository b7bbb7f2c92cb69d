import { FlywheelError } from '@flywheel/schema'

/** Versions of one request that somebody speaks. */
export interface VersionRange {
  minVersion: number
  maxVersion: number
}

/** What kafkajs 2.2.4 speaks of each request that the log makes, and the Metadata that `topic-id.ts` speaks. */
export const SPOKEN: Readonly<Record<string, { apiKey: number } & VersionRange>> = {
  Produce: { apiKey: 0, minVersion: 3, maxVersion: 7 },
  Fetch: { apiKey: 1, minVersion: 4, maxVersion: 11 },
  ListOffsets: { apiKey: 2, minVersion: 1, maxVersion: 3 },
  Metadata: { apiKey: 3, minVersion: 0, maxVersion: 6 },
  'Metadata with topic ids': { apiKey: 3, minVersion: 10, maxVersion: 10 },
  OffsetCommit: { apiKey: 8, minVersion: 2, maxVersion: 5 },
  OffsetFetch: { apiKey: 9, minVersion: 1, maxVersion: 4 },
  FindCoordinator: { apiKey: 10, minVersion: 0, maxVersion: 2 },
  JoinGroup: { apiKey: 11, minVersion: 0, maxVersion: 5 },
  Heartbeat: { apiKey: 12, minVersion: 0, maxVersion: 3 },
  LeaveGroup: { apiKey: 13, minVersion: 0, maxVersion: 3 },
  SyncGroup: { apiKey: 14, minVersion: 0, maxVersion: 3 },
  InitProducerId: { apiKey: 22, minVersion: 0, maxVersion: 1 },
}

/**
 * @param offered what the broker answers to ApiVersions, by number of the request
 * @throws FlywheelError `invalid_config` that names every request without a common version
 */
export function assertVersionsFit(offered: Readonly<Record<number, VersionRange>>): void {
  const unfit = Object.entries(SPOKEN).flatMap(([name, spoken]) => {
    const range = offered[spoken.apiKey]
    if (range === undefined) return [`${name} (not offered, needed ${spoken.minVersion} to ${spoken.maxVersion})`]
    if (range.minVersion <= spoken.maxVersion && range.maxVersion >= spoken.minVersion) return []
    return [
      `${name} (offered ${range.minVersion} to ${range.maxVersion}, needed ${spoken.minVersion} to ${spoken.maxVersion})`,
    ]
  })
  if (unfit.length === 0) return
  throw new FlywheelError(
    'invalid_config',
    `The Kafka broker does not speak what Flywheel needs: ${unfit.join(', ')}. Use Kafka 2.8 to 4.x.`,
  )
}
