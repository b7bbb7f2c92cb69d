/** Where what could not be sent waits for the next page: of this tab, of any later visit, or nowhere. */
export type StorageKind = 'session' | 'local' | 'none'

/** Uses storage; undefined where a browser blocks it, which may throw already when it is named, or has no room. */
export type UseStorage = <R>(use: (storage: Storage) => R) => R | undefined

export function openStorage(kind: StorageKind): UseStorage {
  return (use) => {
    try {
      return use((globalThis as unknown as Record<string, Storage>)[`${kind}Storage`] as Storage)
    } catch {
      return undefined
    }
  }
}
