import { pathToFileURL } from 'node:url'
import { FlywheelError } from '@flywheel/schema'
import type { CommitOperation, ListFileEntry } from '@huggingface/hub'
import { type HubFile, readLayout } from './layout.js'

/** Options of `pushToHub`. */
export interface HubPushOptions {
  /** Folder of a published export. */
  folder: string
  /** `organisation/name`, or a user's. */
  dataset: string
  /** With the right to write there. Stands in no message. */
  token: string
  /** Allows a repository that everybody can read; one that is made is made so. @default false */
  isPublic?: boolean
  /** @default https://huggingface.co */
  endpoint?: string | undefined
  /**
   * Called before anything is written, once it is known that the repository may be pushed to: whoever notes there who holds
   * the rows notes none that were refused.
   */
  onAllowed?: (() => Promise<void>) | undefined
  /** Ends the push; what was committed stays. */
  signal?: AbortSignal | undefined
}

/** What became of a push. */
export interface HubPush {
  export_id: string
  dataset: string
  /** The commit; null where the repository held all of it already. */
  commit: string | null
  /** Files that were written, were there already, and were taken away. */
  written: number
  present: number
  deleted: number
  /** Bytes of the files that were written. */
  bytes: number
}

/** Folders whose files are an export's alone: what an earlier one left there would be loaded with the rest. */
const OWNED = /^(data|export)\//

const isSame = (there: ListFileEntry | undefined, file: HubFile): boolean =>
  there !== undefined && (there.lfs === undefined ? there.oid === file.blob_sha1 : there.lfs.oid === file.sha256)

const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode

/** What to do about an answer of the Hub. The client's own message holds the URL and never the token. */
function explained(error: unknown, dataset: string): unknown {
  const status = statusOf(error)
  const why = (error as Error).message
  if (status === 401 || status === 403)
    return new FlywheelError(
      'forbidden',
      `The Hub refuses the token for ${dataset} (${status}): ${why}; use one with the right to write there`,
    )
  if (status === 409 || status === 412)
    return new FlywheelError('conflict', `${dataset} was changed while it was pushed to; push again`)
  const { cause } = error as Error
  // As `fetch` says it; of whoever else failed meanwhile the message stands.
  if (status === undefined && error instanceof TypeError && cause instanceof Error) {
    const { code = cause.message } = cause as NodeJS.ErrnoException
    return new FlywheelError('store_unavailable', `The Hub cannot be reached for ${dataset} (${code}); push again`)
  }
  if (status !== undefined) return new FlywheelError('internal', `The Hub answers ${status} for ${dataset}: ${why}`)
  return error
}

/**
 * Makes a dataset repository hold one export in the Hub's layout, in one commit: shards and card are written, what an
 * earlier export left in `data/` and `export/` goes, everything else in the repository is let be. What is there is compared
 * byte for byte by its hashes, so the same export again makes no commit. A repository that does not exist is made private.
 *
 * @throws FlywheelError `forbidden` for a token without the right, or a public repository without `isPublic`; `not_found`
 * for a folder that holds no such export
 * @example
 * await pushToHub({ folder: '.flywheel/exports/…', dataset: 'acme/support-feedback', token })
 */
export async function pushToHub(options: HubPushOptions): Promise<HubPush> {
  const { folder, dataset, token, isPublic = false, endpoint, onAllowed, signal } = options
  if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(dataset))
    throw new FlywheelError('invalid_request', `${dataset} is no dataset of the Hub; write it as ORGANISATION/NAME`)
  if (!token.startsWith('hf_'))
    throw new FlywheelError('invalid_request', 'The token is none of the Hub: such a one begins with hf_')
  const { export_id, files } = await readLayout(folder)
  // Loaded with the first push, because it is large.
  const hub = await import('@huggingface/hub')
  const bounded: typeof fetch = (url, init) =>
    fetch(url, { ...init, signal: anyOf([init?.signal ?? undefined, signal]) })
  const common = { accessToken: token, fetch: bounded, ...(endpoint === undefined ? {} : { hubUrl: endpoint }) }
  const repo = { type: 'dataset' as const, name: dataset }
  try {
    const head = await hub
      .datasetInfo({ ...common, name: dataset, additionalFields: ['sha'] })
      .catch(async (error: unknown) => {
        if (statusOf(error) !== 404) throw error
        await hub
          .createRepo({ ...common, repo, visibility: isPublic ? 'public' : 'private' })
          .catch((refused: unknown) => {
            if (statusOf(refused) !== 409) throw refused
            throw new FlywheelError(
              'forbidden',
              `${dataset} is there and the token may not see it; use one with the right to write there`,
            )
          })
        return hub.datasetInfo({ ...common, name: dataset, additionalFields: ['sha'] })
      })
    if (!head.private && !isPublic)
      throw new FlywheelError(
        'forbidden',
        `Everybody can read ${dataset}: make it private on the Hub, or say that the rows are public (--public, public: true)`,
      )
    await onAllowed?.()
    const there = new Map<string, ListFileEntry>()
    for await (const entry of hub.listFiles({ ...common, repo, recursive: true, revision: head.sha }))
      if (entry.type === 'file') there.set(entry.path, entry)
    const changed = files.filter((file) => !isSame(there.get(file.path), file))
    const kept = new Set(files.map(({ path }) => path))
    const gone = [...there.keys()].filter((path) => OWNED.test(path) && !kept.has(path)).sort()
    const done = {
      export_id,
      dataset,
      written: changed.length,
      present: files.length - changed.length,
      deleted: gone.length,
    }
    const bytes = changed.reduce((sum, file) => sum + file.bytes, 0)
    if (changed.length === 0 && gone.length === 0) return { ...done, bytes, commit: null }
    const operations: CommitOperation[] = [
      ...changed.map(({ path, from }) => ({ operation: 'addOrUpdate' as const, path, content: pathToFileURL(from) })),
      ...gone.map((path) => ({ operation: 'delete' as const, path })),
    ]
    const made = await hub.commit({
      ...common,
      repo,
      operations,
      title: `Flywheel export ${export_id.slice(0, 12)}`,
      description: `Export ${export_id}`,
      // Refused where somebody else was faster: what is written was compared with this one.
      parentCommit: head.sha,
      // Plain LFS: every Hub and every proxy takes it, and the client's own chunking needs WebAssembly.
      useXet: false,
      ...(signal === undefined ? {} : { abortSignal: signal }),
    })
    return { ...done, bytes, commit: made?.commit.oid ?? null }
  } catch (error) {
    throw explained(error, dataset)
  }
}

function anyOf(signals: (AbortSignal | undefined)[]): AbortSignal | null {
  const given = signals.filter((each) => each !== undefined)
  return given.length === 0 ? null : AbortSignal.any(given)
}
