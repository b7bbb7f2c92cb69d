import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'

/** How a service is reached. */
interface S3Service {
  region?: string | undefined
  endpoint?: string | undefined
  force_path_style: boolean
  timeout_ms: number
}

/** Opens a client; loaded with the first copy, because it is large. */
export async function openClient(service: S3Service): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3')
  const { region, endpoint, force_path_style, timeout_ms } = service
  const config: S3ClientConfig = {
    forcePathStyle: force_path_style,
    // Of silence and not of a whole request: a large part on a slow line may take its time.
    requestHandler: { connectionTimeout: Math.min(10_000, timeout_ms), socketTimeout: timeout_ms },
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
  return new S3Client(config)
}

/** The HTTP status of an answer that was an error; undefined where none came. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

/** Where a destination has the copy of an export, as the recipients of the export name it. */
export const addressIn = ({ bucket, prefix }: { bucket: string; prefix: string }, export_id: string): string =>
  `s3://${bucket}/${prefix}${export_id}/`
