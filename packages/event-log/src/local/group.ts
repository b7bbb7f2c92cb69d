import type { Boundary } from '../event-log.js'
import type { Partition } from './partition.js'
import type { Change, Storage } from './storage.js'

/** How far a group has come in one partition. */
export interface GroupProgress {
  /** Next offset to be committed. */
  committed: number
  /** Proposed and not yet committed. */
  proposed: Boundary | null
}

/** Every group the log knows. A record stays until all of them have committed it. */
export class Groups {
  readonly #storage: Storage
  readonly #partitions: readonly Partition[]
  readonly #progress = new Map<string, GroupProgress[]>()

  constructor(storage: Storage, partitions: readonly Partition[]) {
    this.#storage = storage
    this.#partitions = partitions
    this.reload()
  }

  reload(): void {
    this.#progress.clear()
    for (const { key } of this.#storage.metaUnder<unknown>('group/')) {
      const [, name, partition] = key.split('/')
      if (partition === '0') this.#load(decodeURIComponent(name as string))
    }
  }

  has(group: string): boolean {
    return this.#progress.has(group)
  }

  /** An unknown group would begin at the first retained record. */
  of(group: string, partition: Partition): GroupProgress {
    return this.#progress.get(group)?.[partition.number] ?? { committed: partition.start.offset, proposed: null }
  }

  /** Records that `group` begins at the first retained record of every partition. */
  stageJoin(group: string): { changes: Change[]; durable(): void } {
    if (this.has(group)) return { changes: [], durable() {} }
    const progress = this.#partitions.map((partition) => ({ committed: partition.start.offset, proposed: null }))
    return {
      changes: progress.map((value, partition) => ({ put: 'meta', key: keyOf(group, partition), value })),
      durable: () => this.#progress.set(group, progress),
    }
  }

  stageUpdate(group: string, partition: Partition, next: GroupProgress): { changes: Change[]; durable(): void } {
    return {
      changes: [{ put: 'meta', key: keyOf(group, partition.number), value: next }],
      durable: () => {
        const progress = this.#progress.get(group)
        if (progress !== undefined) progress[partition.number] = next
      },
    }
  }

  /** First offset that some group besides `group`, which stands at `committed`, still needs. */
  neededFrom(group: string, partition: Partition, committed: number): number {
    let needed = committed
    for (const [name, progress] of this.#progress) {
      if (name !== group) needed = Math.min(needed, progress[partition.number]?.committed ?? needed)
    }
    return needed
  }

  #load(group: string): void {
    this.#progress.set(
      group,
      this.#partitions.map(
        (partition) =>
          this.#storage.meta<GroupProgress>(keyOf(group, partition.number)) ?? {
            committed: partition.start.offset,
            proposed: null,
          },
      ),
    )
  }
}

function keyOf(group: string, partition: number): string {
  return `group/${encodeURIComponent(group)}/${partition}`
}
