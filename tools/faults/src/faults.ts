import type { Journal } from './journal.js'
import type { Load } from './load.js'
import type { Api } from './observe.js'
import type { Random } from './random.js'
import type { Answer, Subject } from './requests.js'

/** One running deployment. */
export interface System {
  api: Api
  /** Of a server with every scope. */
  key: string
  /** A collector to send to. */
  url(): string
  /** Everything that should run runs and takes requests. */
  up(): Promise<void>
  /** Everything ends in good order. */
  down(): Promise<void>
  /** Runs statements that no one may: the harness damages the store on purpose. Everything is up before and after. */
  tamper(statements: string[]): Promise<void>
  /** Erases a subject and replays everything that the log has. Everything is up before and after. */
  erase(subject: Subject): Promise<Answer>
  /** What its processes wrote. */
  said(): string
  /** What an investigator reads of a round that went wrong: files by name. Never fails. */
  evidence(): Promise<Record<string, string>>
  /** Processes that ended without being told to, since the beginning. */
  deaths(): string[]
  close(): Promise<void>
}

export interface FaultContext<Kind extends System> {
  system: Kind
  load: Load
  random: Random
  journal: Journal
  round: number
  isShort: boolean
}

/** One way to break a system. */
export interface Fault<Kind extends System> {
  name: string
  /** Under load; afterwards the system may be down. @returns what it did, for the report */
  strike(context: FaultContext<Kind>): Promise<string>
  /** After the load has ended and everything is stored. Throws what is wrong. */
  afterwards?(context: FaultContext<Kind>): Promise<string>
}
