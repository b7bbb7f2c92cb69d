import { existsSync, readFileSync } from 'node:fs'

/** One text that a professional writer edited. */
export interface Edit {
  item: string
  instruction: string
  served: string
  kept: string
  editor: string
}

/** One rater's order of the three texts of an item, best first. */
export interface Ranking {
  item: string
  order_best_first: ('served' | 'kept' | 'model_rewrite')[]
}

/** One message of a conversation tree; `rank` 0 is the best of its siblings. */
export interface TreeMessage {
  id: string
  role: 'prompter' | 'assistant'
  text: string
  user: string
  rank: number | null
  thumbs_up: number
  thumbs_down: number
  replies: TreeMessage[]
}

/** The real human feedback that is played. */
export interface ReplayData {
  edits: Edit[]
  rankings: Ranking[]
  trees: TreeMessage[]
}

function lines<T>(folder: URL, name: string): T[] {
  return readFileSync(new URL(name, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

/** Where the data lie: beside the project. */
export const DATA_FOLDER: URL = new URL('../../../../shared/data/', import.meta.url)

/** Whether there are data to play. */
export function hasData(folder: URL = DATA_FOLDER): boolean {
  return existsSync(new URL('writer-edits.jsonl', folder))
}

/** Reads `writer-edits.jsonl`, `writer-rankings.jsonl` and `conversation-trees.jsonl`. */
export function readData(folder: URL = DATA_FOLDER): ReplayData {
  return {
    edits: lines(folder, 'writer-edits.jsonl'),
    rankings: lines(folder, 'writer-rankings.jsonl'),
    trees: lines(folder, 'conversation-trees.jsonl'),
  }
}
