import { sideFeatures } from './artefacts/features.js'
import { type Candidate, draftOf, eventsOf, partsOf } from './candidate.js'
import { answerKey } from './evidence/evidence.js'
import type { Ports } from './gates/gate.js'
import { promptShingles, systemShingles } from './near/shingles.js'
import { sketchOf } from './near/sketch.js'
import { type ChatMessage, messageJson, sideText } from './prompt/chat.js'
import type { Facts } from './row-facts.js'
import { byCodeUnit, canonicalJson, sha256 } from './text/canonical-json.js'
import { rememberEach } from './text/remember.js'
import { correctionInformation } from './text/word-distance.js'
import type { World } from './world.js'

export type { Facts, RowSets } from './row-facts.js'

function chars(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => sum + sideText(message).length, 0)
}

/** Hash of what the system prompt of a row says; '' where it says nothing. */
function systemHash(prompt: readonly ChatMessage[]): string {
  const said = prompt.filter(({ role }) => role === 'system').map(({ content }) => content)
  return said.length === 0 ? '' : sha256(canonicalJson(said))
}

/** Prompts that say the same share their shingles for a while. */
const promptSketch = rememberEach(sketchOf)

/** What is measured of a prompt alone, once for all candidates that were asked it. */
const measurePrompt = rememberEach((prompt: readonly ChatMessage[]) => {
  const prompt_shingles = promptShingles(prompt)
  return {
    canonical: `[${prompt.map(messageJson).join()}]`,
    prompt_chars: chars(prompt),
    prompt_shingles,
    prompt_sketch: promptSketch(prompt_shingles),
    system_shingles: systemShingles(prompt),
    system_hash: systemHash(prompt),
    question_shingles: promptShingles(prompt.filter(({ role }) => role === 'user').slice(0, 1)).length,
  }
})

const canonicalTools = rememberEach((tools: readonly unknown[]) => canonicalJson(tools))

/** What must not stand on both sides of a split. */
function membersOf(candidate: Candidate, world: World): string[] {
  const members = new Set<string>()
  const { answers, feedback } = partsOf(candidate)
  for (const { interaction } of answers) {
    const head = world.head(interaction)
    if (head?.user_id) members.add(`user:${head.user_id}`)
    if (head?.session_id) members.add(`session:${head.session_id}`)
    members.add(`cluster:${world.promptCluster(interaction)}`)
  }
  for (const { row } of feedback) {
    // Experts and rules work on everybody's answers; they would join everything.
    const isPerson = row.author_kind === '' || row.author_kind === 'end_user'
    if (!isPerson) continue
    if (row.author_id !== '') members.add(`user:${row.author_id}`)
    else if (row.session_id !== '') members.add(`session:${row.session_id}`)
  }
  return [...members].sort(byCodeUnit)
}

/** Provider of the answer that the chosen side is, or was made of. */
function chosenProvider(candidate: Candidate, world: World): string {
  const { rejected_answer, interaction } = draftOf(candidate)
  const other = partsOf(candidate).answers.find((answer) => answerKey(answer) !== rejected_answer)
  return world.head(other?.interaction ?? interaction)?.provider ?? ''
}

function expertiseOf(candidate: Candidate): Facts['expertise'] {
  // Whoever holds a page's key can send a review: only what a server or a ticket vouches for counts.
  const signed = partsOf(candidate).feedback.filter(({ row }) => row.trust !== 'public')
  if (signed.some(({ row }) => row.kind === 'review')) return 2
  return signed.some(({ row }) => row.author_kind === 'expert') ? 1 : 0
}

/** 2p - 1, shared where several rows tell of one decision. */
export function weightOf(prior: number, share: number): number {
  return (2 * prior - 1) * share
}

/** Measures a candidate that has passed every gate that reads texts. */
export function measure(candidate: Candidate, world: World, ports: Ports): Facts {
  const draft = draftOf(candidate)
  const { shape, prompt, tools, chosen, rejected, label } = draft
  const { strategy, state } = candidate
  const isPair = shape === 'preference' && rejected !== undefined
  const head = world.head(draft.interaction)
  const { part } = partsOf(candidate)
  const sides = isPair ? [chosen, rejected] : [chosen]
  const { canonical, prompt_shingles, prompt_sketch, system_shingles, ...asked } = measurePrompt(prompt)
  // RFC 8785 of a list is that of its elements, with commas between.
  const question = `${canonicalJson(shape)},${canonical},${canonicalTools(tools)}`
  const said = sides.map(messageJson)
  return {
    row_id: ports.rowId([strategy.id, ...eventsOf(candidate), ...(part === undefined ? [] : [part])]),
    strategy: strategy.id,
    precedence: strategy.precedence,
    shape,
    prior: draft.prior,
    prior_source: draft.prior_source,
    weight: weightOf(draft.prior, draft.weight_share ?? 1),
    weight_share: draft.weight_share ?? 1,
    label: label ?? null,
    edit_distance: draft.edit_distance,
    time: state.time,
    feedback: state.row.id,
    interaction: draft.interaction,
    rejected_answer: draft.rejected_answer,
    content: sha256(`[${question},${said[0]},${said[1] ?? 'null'},${label ?? 'null'}]`),
    unsigned: sha256(`[${question},${canonicalJson([...said].sort())}]`),
    members: membersOf(candidate, world),
    prompt_cluster: world.promptCluster(draft.interaction),
    ...asked,
    prompt_shingles: prompt_shingles.length,
    chosen_chars: chars([chosen]),
    rejected_chars: isPair ? chars([rejected]) : null,
    model: head?.model_answered ?? '',
    provider: head?.provider ?? '',
    chosen_provider: chosenProvider(candidate, world),
    language: draft.language ?? 'und',
    task: head?.task ?? '',
    surface: head?.surface ?? '',
    chosen_by: draft.chosen_by,
    age_ms: world.now - state.time,
    information:
      draft.chosen_by === 'human' && rejected !== undefined
        ? correctionInformation(sideText(rejected), sideText(chosen))
        : 0,
    expertise: expertiseOf(candidate),
    evaluation_set: ports.evaluation?.match([...prompt, ...sides].map((message) => sideText(message))) ?? '',
    near_duplicates: '',
    is_reserved: false,
    split: '',
    cluster: '',
    component: '',
    // Here from the start: what is added to an object of so many properties takes a kilobyte.
    place: undefined,
    sets: {
      prompt_shingles,
      prompt_sketch,
      system_shingles,
      features: isPair ? { chosen: sideFeatures(chosen), rejected: sideFeatures(rejected) } : null,
    },
  }
}

/** The facts of a candidate that has been measured. */
export function factsOf(candidate: Candidate): Facts {
  if (candidate.facts === undefined) throw new Error('candidate without facts')
  return candidate.facts
}
