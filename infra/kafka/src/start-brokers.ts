import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from './broker.js'
import { ensureJars } from './jars.js'
import { javaFlags, runJava } from './java.js'
import { freePorts } from './ports.js'
import { type Credentials, createCredentials, scramArguments, securityConfig } from './security.js'

/** Options of `startBrokers`. */
export interface BrokersOptions {
  /** @default 1 */
  brokers?: 1 | 3
  /** Adds the listeners SASL and SECURE (SASL over TLS). @default false */
  isSecured?: boolean
  /** More broker settings, as in server.properties; they win over the ones set here. */
  config?: Record<string, string>
  /** Java heap of each broker. @default 256 */
  heapMb?: number
  /** The whole just-in-time compiler, for benchmarks: a slower start. @default false */
  isFast?: boolean
  /** Where clients and the other brokers find the plain listener of this port: a proxy that a test can cut. @default there */
  advertise?: (port: number) => Promise<number>
  /** Folder of the data, kept at the end. @default a temporary one, removed at the end */
  folder?: string
}

/** Brokers that run, or can be started again. */
export interface Brokers {
  /** `host:port` of every broker, without TLS and SASL. */
  readonly bootstrap: string[]
  /** `host:port` of the listener with SASL and no TLS; empty unless secured. */
  readonly sasl: string[]
  /** `host:port` of the listener with SASL over TLS; empty unless secured. */
  readonly secure: string[]
  /** Null unless secured. */
  readonly credentials: Credentials | null
  readonly brokers: readonly Broker[]
  /** Runs one of Kafka's command line classes, such as `org.apache.kafka.tools.ProducerPerformance`. @returns its standard output */
  tool(main: string, args: string[]): Promise<string>
  /** Kills what runs and removes the data. */
  close(): Promise<void>
}

interface Ports {
  plain: number
  advertised: number
  controller: number
  sasl: number
  secure: number
}

/**
 * Starts one or three Kafka brokers in KRaft mode on 127.0.0.1, each a process of its own with broker and controller.
 * Rejects with a sentence when Java or the jars are missing; ask `kafkaMissing` first.
 *
 * @example
 * const kafka = await startBrokers({ brokers: 3 })
 * await kafka.brokers[0]?.kill()
 * await kafka.brokers[0]?.start()
 * await kafka.close()
 */
export async function startBrokers(options: BrokersOptions = {}): Promise<Brokers> {
  const jars = await ensureJars()
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'flywheel-kafka-')))
  const toolFlags = javaFlags(jars, 256, options.isFast ?? false)
  const brokers: Broker[] = []
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.kill()))
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const credentials = options.isSecured === true ? await createCredentials(folder) : null
    const ports = await portsOf(options.brokers ?? 1, options.advertise)
    const flags = javaFlags(jars, options.heapMb ?? 256, options.isFast ?? false)
    const cluster = randomBytes(16).toString('base64url').replace(/^-/, '_')
    await Promise.all(
      ports.map(async (own, at) => {
        const configFile = join(folder, `broker-${at + 1}.properties`)
        const log = join(folder, `broker-${at + 1}`)
        await mkdir(log, { recursive: true })
        const settings = {
          ...configOf(at + 1, own, ports, log, credentials !== null),
          ...(credentials && securityConfig(folder, credentials)),
        }
        await writeFile(configFile, propertiesOf({ ...settings, ...options.config }))
        const scram = credentials === null ? [] : scramArguments(credentials)
        const format = ['format', '--ignore-formatted', '-t', cluster, '-c', configFile, ...scram]
        await runJava(toolFlags, 'kafka.tools.StorageTool', format)
        brokers[at] = new Broker({ id: at + 1, port: own.plain, flags, configFile })
      }),
    )
    await Promise.all(brokers.map((broker) => broker.start()))
    const at = (listener: keyof Ports): string[] => ports.map((own) => `127.0.0.1:${own[listener]}`)
    return {
      bootstrap: at('advertised'),
      sasl: credentials === null ? [] : at('sasl'),
      secure: credentials === null ? [] : at('secure'),
      credentials,
      brokers,
      tool: (main, args) => runJava(toolFlags, main, args),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function portsOf(brokers: number, advertise: BrokersOptions['advertise']): Promise<Ports[]> {
  const free = await freePorts(brokers * 4)
  const ports = Array.from({ length: brokers }, async (_, at) => {
    const [plain, controller, sasl, secure] = free.slice(at * 4, at * 4 + 4) as [number, number, number, number]
    return { plain, controller, sasl, secure, advertised: (await advertise?.(plain)) ?? plain }
  })
  return await Promise.all(ports)
}

function configOf(id: number, own: Ports, all: Ports[], log: string, isSecured: boolean): Record<string, string> {
  const secured = isSecured ? `SASL://127.0.0.1:${own.sasl},SECURE://127.0.0.1:${own.secure},` : ''
  const copies = String(all.length)
  const inSync = all.length === 3 ? '2' : '1'
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': all.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: `PLAIN://127.0.0.1:${own.plain},${secured}CONTROLLER://127.0.0.1:${own.controller}`,
    ...(own.advertised === own.plain ? {} : { 'advertised.listeners': `PLAIN://127.0.0.1:${own.advertised}` }),
    'listener.security.protocol.map': 'PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
    'log.dirs': log,
    'auto.create.topics.enable': 'false',
    'message.max.bytes': '18874368',
    'replica.fetch.max.bytes': '18874368',
    'offsets.topic.num.partitions': '3',
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': inSync,
    'min.insync.replicas': inSync,
    // Fast where a real cluster is patient: a killed broker is replaced within seconds.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'controller.quorum.election.timeout.ms': '1000',
    'controller.quorum.fetch.timeout.ms': '2000',
    'replica.lag.time.max.ms': '5000',
    'controlled.shutdown.enable': 'true',
    // Small where a real cluster is large.
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'log.segment.bytes': '134217728',
  }
}

function propertiesOf(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
