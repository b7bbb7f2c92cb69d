/** Adds to a map that keeps its newest `limit` entries; memory stays bounded. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  map.set(key, value)
  if (map.size > limit) map.delete(map.keys().next().value as K)
}
