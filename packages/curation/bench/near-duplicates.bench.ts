/**
 * Rows a second of near-duplicates, texts to groups, against Python's datasketch with the same texts, shingles,
 * permutations, bands and verification. Python is `PYTHON`, by default python3; without datasketch the peer is null:
 * python3 -m venv /tmp/venv && /tmp/venv/bin/pip install datasketch && PYTHON=/tmp/venv/bin/python npm run bench -- near-duplicates
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nearGroups } from '../src/near/near-groups.js'
import { promptShingles } from '../src/near/shingles.js'

const short = process.argv.includes('--short')
const ROWS = short ? 2000 : 20_000
const WORDS = 200
const SAMPLES = short ? 3 : 7

let seed = 20260101
function random(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return Math.floor((seed / 4294967296) * below)
}
const word = (): string => `w${random(20_000).toString(36)}`

/** A tenth of the texts are an earlier one with one to eight words changed. */
const texts: string[] = []
for (let n = 0; n < ROWS; n++) {
  if (n % 10 !== 9) {
    texts.push(Array.from({ length: WORDS }, word).join(' '))
    continue
  }
  const words = texts[random(n)]!.split(' ')
  for (let i = random(8); i >= 0; i--) words[random(WORDS)] = word()
  texts.push(words.join(' '))
}

const samples: number[] = []
let groups = 0
let bytes = 0
for (let sample = 0; sample < SAMPLES; sample++) {
  const start = performance.now()
  const sets = texts.map((content) => promptShingles([{ role: 'user', content }]))
  groups = nearGroups(sets, 0.8).length
  samples.push((performance.now() - start) / 1000)
  bytes = sets.reduce((sum, set) => sum + set.byteLength, 0)
}
const median = [...samples].sort((a, b) => a - b)[SAMPLES >> 1]!

interface Peer {
  seconds: number
  pairs: number
}

/** datasketch over the same texts, so many processes sketching; null where it is not installed. */
function datasketch(processes: number): Peer | null {
  const peer = spawnSync(
    process.env['PYTHON'] ?? 'python3',
    [fileURLToPath(new URL('./near_duplicates_peer.py', import.meta.url)), String(processes)],
    { input: `${texts.map((text) => JSON.stringify(text)).join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 20 },
  )
  return peer.status === 0 ? (JSON.parse(peer.stdout) as Peer) : null
}

const one = datasketch(1)
const two = datasketch(2)
const rate = (peer: Peer | null): number | null => (peer === null ? null : Math.round(ROWS / peer.seconds))
const times = (peer: Peer | null): number | null =>
  peer === null ? null : Math.round((peer.seconds / median) * 10) / 10

console.log(
  JSON.stringify({
    rows: ROWS,
    words: WORDS,
    rows_per_second: Math.round(ROWS / median),
    groups,
    shingle_bytes_per_row: Math.round(bytes / ROWS),
    samples_seconds: samples,
    datasketch_rows_per_second: rate(one),
    datasketch_two_processes_rows_per_second: rate(two),
    datasketch_pairs: one?.pairs ?? null,
    times_datasketch: times(one),
    times_datasketch_two_processes: times(two),
  }),
)
