import type { Facts } from '../../src/index.js'
import { promptShingles } from '../../src/near/shingles.js'
import { sketchOf } from '../../src/near/sketch.js'

/** The facts of one pair of many: the same for the same number. */
export function factsAt(n: number, fields: Partial<Facts> & { prompt?: string } = {}): Facts {
  const { prompt = `question ${n}`, ...rest } = fields
  const prompt_shingles = promptShingles([{ role: 'user', content: prompt }])
  return {
    row_id: (n * 2654435761).toString(16).padStart(16, '0'),
    strategy: 'edit.final',
    precedence: 30,
    shape: 'preference',
    prior: 0.75,
    weight: 0.5,
    label: null,
    edit_distance: 0.3,
    time: n,
    feedback: `f${String(n).padStart(6, '0')}`,
    interaction: `i${String(n).padStart(6, '0')}`,
    rejected_answer: `i${n}/0`,
    content: `c${n}`,
    unsigned: `c${n}`,
    members: [`cluster:p${n}`, `user:u${n}`],
    prompt_cluster: `p${n}`,
    prompt_chars: 100,
    chosen_chars: 100,
    rejected_chars: 100,
    model: 'stub-1',
    task: 'reply',
    surface: 'desk',
    chosen_by: 'human',
    age_ms: 0,
    prompt_shingles: prompt_shingles.length,
    system_hash: '',
    question_shingles: 1,
    information: n,
    expertise: 0,
    evaluation_set: '',
    near_duplicates: '',
    is_reserved: false,
    split: '',
    cluster: '',
    component: '',
    sets: {
      prompt_shingles,
      prompt_sketch: sketchOf(prompt_shingles),
      system_shingles: new Int32Array(0),
      features: null,
    },
    ...rest,
  } as Facts
}

/** Facts for the numbers below `count`. */
export function factsOf(count: number, fields: (n: number) => Partial<Facts> & { prompt?: string }): Facts[] {
  return Array.from({ length: count }, (_, n) => factsAt(n, fields(n)))
}
