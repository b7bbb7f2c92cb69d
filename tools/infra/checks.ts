/** A file of a copy of `infra/` changed so that a check has to find it. */
export interface Plant {
  what: string
  /** Below the copy. */
  file: string
  old: string
  new: string
  /** What one of the problems must say. */
  finds: RegExp
}

/** Where a check looks. */
export interface Place {
  /** `infra/`, or a copy of it with a planted fault. */
  infra: string
  /** The repository, as it is. */
  repo: string
}

/** One kind of file, checked; every sentence that it answers is a problem. */
export interface Check {
  name: string
  run(place: Place): Promise<string[]>
  plants: Plant[]
}
