import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

interface Repository {
  private: boolean
  /** Of the last commit. */
  sha: string
  files: Map<string, { bytes: Buffer; isLfs: boolean }>
  commits: { summary: string; operations: string[] }[]
}

/**
 * What `@huggingface/hub` calls to push a dataset, on this machine: a stand-in for the Hub, which no test can reach. The
 * shapes of its answers are those that the client reads (its sources, 2.17.5), not recordings of the Hub's own.
 */
export interface HubServer {
  url: string
  /** What requests must carry. */
  token: string
  repositories: Map<string, Repository>
  /** Repositories that are there and that the token may not see. */
  hidden: Set<string>
  /** Method and path of every request, without its query. */
  asked: string[]
  /** Called before a commit is taken. */
  beforeCommit: () => void
  stop(): Promise<void>
}

const hash = (algorithm: string, ...parts: (string | Buffer)[]): string => {
  const made = createHash(algorithm)
  for (const part of parts) made.update(part)
  return made.digest('hex')
}

/** A repository with these files, as somebody left it. */
export function repository(isPrivate: boolean, files: Record<string, string> = {}): Repository {
  const entries = Object.entries(files).map(
    ([path, text]) => [path, { bytes: Buffer.from(text), isLfs: false }] as const,
  )
  return { private: isPrivate, sha: hash('sha1', 'first'), files: new Map(entries), commits: [] }
}

function tree({ files }: Repository): object[] {
  return [...files].map(([path, { bytes, isLfs }]) => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${hash('sha256', bytes)}\nsize ${bytes.length}\n`
    const blob = isLfs ? Buffer.from(pointer) : bytes
    const oid = hash('sha1', `blob ${blob.length}\0`, blob)
    const lfs = { oid: hash('sha256', bytes), size: bytes.length, pointerSize: blob.length }
    return { type: 'file', path, size: bytes.length, oid, ...(isLfs ? { lfs } : {}) }
  })
}

interface Line {
  key: 'header' | 'file' | 'lfsFile' | 'deletedFile'
  value: { path: string; content: string; oid: string; size: number; summary: string; parentCommit: string }
}

/** Starts one; every file that ends in `.parquet` goes by Git LFS. */
export async function startHubServer(token: string): Promise<HubServer> {
  const stored = new Map<string, Buffer>()
  const repositories = new Map<string, Repository>()
  const made: Omit<HubServer, 'url' | 'stop'> = {
    token,
    repositories,
    hidden: new Set(),
    asked: [],
    beforeCommit: () => {},
  }

  function commit(name: string, body: Buffer): [number, object] {
    const found = repositories.get(name)
    if (found === undefined) return [404, { error: 'Repository not found' }]
    made.beforeCommit()
    const [header, ...lines] = body
      .toString()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    if (header?.value.parentCommit !== found.sha) return [412, { error: 'A commit has happened since' }]
    for (const { key, value } of lines) {
      if (key === 'deletedFile') found.files.delete(value.path)
      else if (key === 'file')
        found.files.set(value.path, { bytes: Buffer.from(value.content, 'base64'), isLfs: false })
      else {
        const bytes = stored.get(value.oid)
        if (bytes?.length !== value.size) return [400, { error: `LFS object ${value.oid} was not uploaded` }]
        found.files.set(value.path, { bytes, isLfs: true })
      }
    }
    found.commits.push({
      summary: header.value.summary,
      operations: lines.map(({ key, value }) => `${key} ${value.path}`),
    })
    found.sha = hash('sha1', body)
    return [200, { commitOid: found.sha, commitUrl: `https://hub/${found.sha}` }]
  }

  async function answer(request: IncomingMessage, url: string): Promise<[number, object]> {
    const { pathname } = new URL(request.url ?? '', url)
    made.asked.push(`${request.method} ${pathname}`)
    const body = await buffer(request)
    const uploaded = /^\/lfs\/([0-9a-f]{64})$/.exec(pathname)
    if (uploaded !== null) {
      if (hash('sha256', body) !== uploaded[1]) return [400, { error: 'Other bytes than were announced' }]
      stored.set(hash('sha256', body), body)
      return [200, {}]
    }
    if (request.headers.authorization !== `Bearer ${made.token}`) return [401, { error: 'Invalid credentials' }]
    if (pathname === '/api/repos/create') {
      const { name, organization, visibility } = JSON.parse(body.toString()) as Record<string, string>
      if (made.hidden.has(`${organization}/${name}`)) return [409, { error: 'You already created this dataset repo' }]
      repositories.set(
        `${organization}/${name}`,
        repository(visibility === 'private', { '.gitattributes': '*.parquet' }),
      )
      return [200, { url: `${url}/datasets/${organization}/${name}`, id: '1' }]
    }
    const [, name = '', what] =
      /^\/(?:api\/)?datasets\/([^/]+\/[^/.]+)(?:\.git\/info\/lfs\/objects)?\/(\w+)/.exec(pathname) ?? []
    const found = repositories.get(name)
    if (found === undefined) return [404, { error: 'Repository not found' }]
    if (what === 'revision')
      return [200, { _id: '1', id: name, private: found.private, sha: found.sha, lastModified: 0 }]
    if (what === 'tree') return [200, tree(found)]
    if (what === 'commit') return commit(name, body)
    if (what === 'preupload') {
      const { files } = JSON.parse(body.toString()) as { files: { path: string }[] }
      const uploadMode = (path: string): string => (path.endsWith('.parquet') ? 'lfs' : 'regular')
      return [200, { files: files.map(({ path }) => ({ path, uploadMode: uploadMode(path) })) }]
    }
    const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }
    const upload = (oid: string): object => ({ actions: { upload: { href: `${url}/lfs/${oid}` } } })
    return [
      200,
      {
        transfer: 'basic',
        objects: objects.map((each) => ({ ...each, ...(stored.has(each.oid) ? {} : upload(each.oid)) })),
      },
    ]
  }

  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request, address())
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return Object.assign(made, { url: address(), stop })
}
