import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The token of the Hub as its own tools find it: `HF_TOKEN`, else the file `HF_TOKEN_PATH`, else `token` in `HF_HOME`, else
 * what `hf auth login` wrote.
 * @param home the user's folder
 * @returns null where there is none
 */
export async function findHubToken(env: Env, home: string): Promise<string | null> {
  const given = env['HF_TOKEN']?.trim()
  if (given) return given
  const path = env['HF_TOKEN_PATH'] ?? join(env['HF_HOME'] ?? join(home, '.cache/huggingface'), 'token')
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() || null
}
