import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const VERSION = 'v1.8.0'
const CACHE = fileURLToPath(new URL(`../../../node_modules/.cache/flywheel-s3/${VERSION}/`, import.meta.url))
const BINARY = join(CACHE, 'versitygw')

/**
 * Builds a real S3 server from its Go module, once.
 * @returns what is missing, or null where the server is there. Where CI is set, what is missing is thrown.
 */
export async function buildS3Server(): Promise<string | null> {
  if (existsSync(BINARY)) return null
  try {
    await mkdir(CACHE, { recursive: true })
    const env = { ...process.env, GOBIN: CACHE, GOFLAGS: '-buildvcs=false' }
    await promisify(execFile)('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], { env })
    return null
  } catch (error) {
    const missing = `versitygw ${VERSION} cannot be built (Go 1.24 or later is needed): ${(error as Error).message}`
    if (process.env['CI']) throw new Error(missing)
    return missing
  }
}

interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** A running S3 server on a folder. */
export interface S3Server {
  endpoint: string
  credentials: Credentials
  /** Makes a key that may do what policies of buckets allow it, and nothing else. */
  createUser(name: string): Promise<Credentials>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

async function answers(endpoint: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) throw new Error(`versitygw ended with ${server.exitCode}`)
    const isUp = await fetch(endpoint).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(50)
  }
  throw new Error('versitygw does not answer')
}

/** Starts the server that `buildS3Server` built. */
export async function startS3Server(): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), 'flywheel-s3-'))
  for (const folder of ['data', 'sidecar', 'users', 'versions']) await mkdir(join(root, folder))
  const port = await freePort()
  const credentials = { accessKeyId: 'test-access', secretAccessKey: 'test-secret-of-some-length' }
  const { accessKeyId, secretAccessKey } = credentials
  const flags = ['--port', `127.0.0.1:${port}`, '--access', accessKeyId, '--secret', secretAccessKey, '--quiet']
  const users = ['--iam-dir', join(root, 'users')]
  // Attributes in a folder of their own: not every file system of a test machine has extended ones.
  const versions = ['--versioning-dir', join(root, 'versions')]
  const backend = ['posix', '--sidecar', join(root, 'sidecar'), ...versions, join(root, 'data')]
  const server = spawn(BINARY, [...flags, ...users, ...backend], { stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  await answers(endpoint, server)
  return {
    endpoint,
    credentials,
    async createUser(name) {
      const user = { accessKeyId: name, secretAccessKey: `secret-of-${name}` }
      const admin = ['admin', '--access', accessKeyId, '--secret', secretAccessKey, '--endpoint-url', endpoint]
      const made = ['create-user', '--access', user.accessKeyId, '--secret', user.secretAccessKey, '--role', 'user']
      await promisify(execFile)(BINARY, [...admin, ...made])
      return user
    },
    async stop() {
      const ended = new Promise((done) => server.once('exit', done))
      server.kill()
      await ended
      await rm(root, { recursive: true, force: true })
    },
  }
}
