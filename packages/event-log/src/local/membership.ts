import type { Slice } from '../event-log.js'
import { Tenancy, type TenancyPort } from './tenancy.js'

/** A handler that joined a group. */
interface Member {
  onSlice: (slice: Slice) => Promise<void>
  portOf: (partition: number) => TenancyPort
  /** Handlers that still run, by partition, also those of ended tenancies. */
  running: Map<number, Promise<void>>
}

/** The members of one group in this process and who holds which partition. */
export class Membership {
  readonly #partitions: number
  #members: Member[] = []
  readonly #held = new Map<number, { member: Member; tenancy: Tenancy }>()

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** Adds a member and hands it its share. @returns how it leaves: waits for its running handlers */
  join(onSlice: Member['onSlice'], portOf: Member['portOf']): () => Promise<void> {
    const member: Member = { onSlice, portOf, running: new Map() }
    this.#members.push(member)
    this.#rebalance()
    return async () => {
      this.#members = this.#members.filter((other) => other !== member)
      this.#rebalance()
      await Promise.all(member.running.values())
    }
  }

  async leaveAll(): Promise<void> {
    const members = this.#members
    this.#members = []
    this.#rebalance()
    await Promise.all(members.flatMap((member) => [...member.running.values()]))
  }

  /** Even shares that differ by one at most, moving as few partitions as that allows. */
  #rebalance(): void {
    const share = Math.floor(this.#partitions / this.#members.length)
    let withOneMore = this.#partitions % this.#members.length
    const kept = new Map<Member, number>(this.#members.map((member) => [member, 0]))
    const free: number[] = []
    for (let partition = 0; partition < this.#partitions; partition++) {
      const holder = this.#held.get(partition)?.member
      const count = holder === undefined ? undefined : kept.get(holder)
      if (holder !== undefined && count !== undefined && (count < share || (count === share && withOneMore > 0))) {
        if (count === share) withOneMore--
        kept.set(holder, count + 1)
      } else {
        free.push(partition)
      }
    }
    for (const partition of free) {
      this.#held.get(partition)?.tenancy.end()
      this.#held.delete(partition)
    }
    for (const member of this.#members) {
      let count = kept.get(member) as number
      while (free.length > 0 && (count < share || (count === share && withOneMore > 0))) {
        if (count === share) withOneMore--
        count++
        this.#assign(free.shift() as number, member)
      }
    }
  }

  #assign(partition: number, member: Member): void {
    const tenancy = new Tenancy(member.portOf(partition))
    this.#held.set(partition, { member, tenancy })
    // A member that gets a partition back waits for its own earlier handler: one handler a partition and member.
    const earlier = member.running.get(partition) ?? Promise.resolve()
    const run = earlier.then(() => tenancy.run(member.onSlice))
    member.running.set(partition, run)
  }
}
