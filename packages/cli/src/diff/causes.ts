import { type FieldDiff, fieldDiffs } from './field-diff.js'
import type { AnyManifest } from './published-set.js'

/** A count of both sets that is not the same in them. */
export interface CountDiff {
  name: string
  a: number
  b: number
}

/** What two manifests differ in that decides about rows. A list is empty where nothing differs. */
export interface Causes {
  /** Fields of the resolved recipes. */
  recipe: FieldDiff[]
  /** Versions of the code that decides what a row is. */
  code: FieldDiff[]
  /** Watermark, cut-off of consent and erasure, the exports that they follow. */
  snapshot: FieldDiff[]
  /** Events of the snapshots. */
  inputs: CountDiff[]
  /** The snapshots hold the same events, with the same content. */
  same_inputs: boolean
  /** What each gate took, by its reason; `in` of the first step are the candidates. */
  funnel: { gate: string; reason: string; a: number; b: number }[]
  /** Evaluation sets, as name and hash, that one of them was held against. */
  evaluation_sets: { added: string[]; removed: string[] }
  /** Rows by what their consent rests on. */
  consent: CountDiff[]
  /** Rows that each set's own erasure exports took out of it, by reason. */
  erased: CountDiff[]
}

type Counts = Record<string, number>

/** The first step of a funnel, in the place of a gate. */
const CANDIDATES = 'candidates'

function countDiffs(a: Counts, b: Counts): CountDiff[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return names.map((name) => ({ name, a: a[name] ?? 0, b: b[name] ?? 0 })).filter((each) => each.a !== each.b)
}

type Funnel = NonNullable<AnyManifest['funnel']>

function funnelDiffs(a: Funnel, b: Funnel): Causes['funnel'] {
  const candidates = (funnel: Funnel): number => funnel[0]?.in ?? 0
  const [from, to] = [candidates(a), candidates(b)]
  // A gate that one of them lacks took nothing there.
  const gates = [...new Set([...a, ...b].map(({ gate }) => gate))]
  const dropped = (funnel: Funnel, gate: string): Counts => funnel.find((step) => step.gate === gate)?.dropped ?? {}
  const ofGates = gates.flatMap((gate) =>
    countDiffs(dropped(a, gate), dropped(b, gate)).map(({ name, ...counts }) => ({ gate, reason: name, ...counts })),
  )
  return [...(from === to ? [] : [{ gate: CANDIDATES, reason: 'in', a: from, b: to }]), ...ofGates]
}

/** A gate that took more of one set than of the other, and why. */
export interface GateCount {
  gate: string
  reason: string
  /** How many more. */
  more: number
}

/**
 * The gates that took more of one of two sets, by reason, the greatest difference first; of rows whose feedback stands, so
 * what the snapshot leaves out because later feedback took its place is not among them.
 */
export function gatesThatTookMore(funnel: Causes['funnel'], of: 'a' | 'b'): GateCount[] {
  return funnel
    .filter(({ gate, reason }) => gate !== CANDIDATES && (gate !== 'snapshot' || reason === 'outside_filter'))
    .map(({ gate, reason, a, b }) => ({ gate, reason, more: of === 'b' ? b - a : a - b }))
    .filter(({ more }) => more > 0)
    .sort((x, y) => y.more - x.more)
}

/** A figure of two sets that both have it; a set without says nothing about it. */
function both<Figure>(a: Figure | undefined, b: Figure | undefined, none: Figure): [Figure, Figure] {
  return a === undefined || b === undefined ? [none, none] : [a, b]
}

/** Everything that two manifests say of why their rows differ. */
export function causesOf(a: AnyManifest, b: AnyManifest): Causes {
  const { digest: before, ...inputsBefore } = a.snapshot.inputs
  const { digest: after, ...inputsAfter } = b.snapshot.inputs
  const times = ({ kind, parent, snapshot }: AnyManifest): Record<string, unknown> => ({
    kind,
    parent,
    watermark: snapshot.watermark,
    cutoff: snapshot.cutoff,
  })
  const [setsBefore, setsAfter] = both(a.contamination?.hashes, b.contamination?.hashes, [])
  return {
    recipe: fieldDiffs({ ...a.recipe }, { ...b.recipe }),
    code: fieldDiffs({ ...a.code }, { ...b.code }),
    snapshot: fieldDiffs(times(a), times(b)),
    inputs: countDiffs(inputsBefore, inputsAfter),
    same_inputs: before === after,
    funnel: funnelDiffs(...both(a.funnel, b.funnel, [])),
    evaluation_sets: {
      added: setsAfter.filter((each) => !setsBefore.includes(each)),
      removed: setsBefore.filter((each) => !setsAfter.includes(each)),
    },
    consent: countDiffs(...both(a.consent?.rows, b.consent?.rows, {})),
    erased: countDiffs(a.erased?.rows ?? {}, b.erased?.rows ?? {}),
  }
}
