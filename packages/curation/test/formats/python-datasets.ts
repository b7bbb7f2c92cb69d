import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../../src/index.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = fileURLToPath(new URL('./datasets/', import.meta.url))

/** A set of files for `load_dataset`. */
export interface Wanted {
  name: string
  format: 'json' | 'parquet'
  files: string[]
  /** Python for `features=`, as the card gives it. */
  features: string | null
}

/**
 * A Python with the pinned `datasets`, in `node_modules/.cache`, made at the first call. Returns why there is none,
 * where there is no Python or the packages cannot be had.
 */
export function pythonWithDatasets(): { python: string } | { missing: string } {
  const requirements = join(FOLDER, 'requirements.txt')
  const venv = join(ROOT, 'node_modules/.cache', `datasets-${sha256(readFileSync(requirements)).slice(0, 16)}`)
  const python = join(venv, 'bin/python')
  if (existsSync(python)) return { python }
  if (spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0) {
    return { missing: 'there is no python3 with venv; install python3-venv' }
  }
  const made = `${venv}.${process.pid}`
  mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true })
  try {
    execFileSync('python3', ['-m', 'venv', made], { stdio: 'pipe' })
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--require-hashes',
      '--only-binary',
      ':all:',
      '-r',
      requirements,
    ]
    execFileSync(join(made, 'bin/python'), install, { stdio: 'pipe' })
    renameSync(made, venv)
    return { python }
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    const { stderr, message } = error as { stderr?: Buffer; message: string }
    return { missing: `datasets cannot be installed: ${stderr?.toString().trim() || message}` }
  }
}

/** The rows of each set, as Python's `datasets` gives them to a trainer. */
export function loadDatasets(python: string, wanted: readonly Wanted[]): Map<string, Record<string, unknown>[]> {
  const env = { ...process.env, HF_DATASETS_OFFLINE: '1', HF_HUB_OFFLINE: '1', PYTHONHASHSEED: '0' }
  const text = execFileSync(python, [join(FOLDER, 'read.py')], {
    input: JSON.stringify(wanted),
    env,
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const sets = text
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; rows: Record<string, unknown>[] })
  return new Map(sets.map(({ name, rows }) => [name, rows]))
}
