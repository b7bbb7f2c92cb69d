import { describe, expect, it } from 'vitest'
import { promptOf } from '../../bench/traffic/prompts.js'
import { random } from '../../bench/traffic/random.js'
import type { Row } from '../../bench/traffic/scene.js'
import {
  BLOCK,
  laterFeedback,
  laterWatermarkOf,
  repeatsOf,
  trafficBlock,
  watermarkOf,
  withdrawals,
} from '../../bench/traffic/traffic.js'

const SIZE = 2000
const blocks = Array.from({ length: SIZE / BLOCK.interactions }, (_, block) => trafficBlock(block, SIZE))
const interactions = blocks.flatMap((block) => block.interactions)
const feedback = blocks.flatMap((block) => block.feedback)
const links = blocks.flatMap((block) => block.links)
const ids = (rows: readonly Row[]): Set<unknown> => new Set(rows.map(({ id }) => id))

describe('made traffic', () => {
  it('is the same for the same numbers, whatever was made before', () => {
    expect(trafficBlock(7, SIZE)).toEqual(blocks[7])
    expect(JSON.stringify(trafficBlock(6, SIZE))).not.toBe(JSON.stringify(blocks[7]))
  })

  it('has exactly 200 interactions and 60 pieces of feedback a block, each with an id of its own', () => {
    expect(interactions).toHaveLength(SIZE)
    expect(feedback).toHaveLength(SIZE * 0.3)
    expect(ids([...interactions, ...feedback, ...links]).size).toBe(SIZE * 1.3 + links.length)
  })

  it('says nothing about an answer that is not there', () => {
    const answers = ids(interactions)
    const turns = new Set(interactions.map(({ turn_id }) => turn_id))
    const refs = new Set(links.map(({ ref }) => ref))
    const known = { interaction: answers, turn: turns, ref: refs } as Record<string, Set<unknown>>
    for (const { target_kind, target, candidates } of feedback) {
      expect(known[String(target_kind)]?.has(target)).toBe(true)
      for (const { id } of JSON.parse(String(candidates ?? '[]')) as { id: string }[])
        expect(answers.has(id)).toBe(true)
    }
    expect(links.every(({ target }) => answers.has(target))).toBe(true)
    expect(feedback.flatMap(({ retracts }) => retracts ?? []).every((id) => ids(feedback).has(id))).toBe(true)
  })

  it('holds every kind of evidence that a strategy starts from', () => {
    const kinds = new Set(feedback.map(({ kind }) => kind))
    const wanted = ['correction', 'thumb', 'verdict', 'retain', 'choice', 'regenerate', 'review', 'copy']
    expect([...kinds].sort()).toEqual(wanted.sort())
    expect(new Set(feedback.map(({ target_kind }) => target_kind))).toEqual(new Set(['interaction', 'turn', 'ref']))
    expect(feedback.some(({ stage }) => stage === 'draft')).toBe(true)
    expect(feedback.some(({ retracts }) => retracts !== undefined)).toBe(true)
  })

  it('was received before the first watermark, and what comes later between it and the second', () => {
    const received = [...interactions, ...feedback, ...blocks.flatMap((each) => Object.values(repeatsOf(each)).flat())]
    const late = blocks.flatMap((_, block) => laterFeedback(block, SIZE))
    for (const { received_at } of received) expect(String(received_at) < watermarkOf(SIZE)).toBe(true)
    for (const { received_at } of late) expect(String(received_at) > watermarkOf(SIZE)).toBe(true)
    for (const { received_at } of late) expect(String(received_at) < laterWatermarkOf(SIZE)).toBe(true)
    expect(late).toHaveLength(feedback.length / 100)
    expect(late.every(({ target }) => ids(interactions).has(target))).toBe(true)
  })

  it('has people of whom few send much, and some who withdrew', () => {
    const sent = new Map<unknown, number>()
    for (const { user_id } of interactions) sent.set(user_id, (sent.get(user_id) ?? 0) + 1)
    const counts = [...sent.values()].sort((a, b) => b - a)
    expect(counts.slice(0, 5).reduce((a, b) => a + b, 0)).toBeGreaterThan(SIZE * 0.2)
    expect(counts.filter((count) => count < SIZE / 40).length).toBeGreaterThan(20)
    expect(withdrawals(100_000)).toHaveLength(16)
  })

  it('has rows of some 4 KB in four languages', () => {
    const bytes = interactions.reduce((sum, row) => sum + JSON.stringify(row).length, 0) / SIZE
    expect(bytes).toBeGreaterThan(2000)
    expect(bytes).toBeLessThan(5000)
  })

  it('repeats a twentieth of its prompts to the byte, and a tenth nearly', () => {
    const prompts = Array.from({ length: 3000 }, (_, n) => promptOf(n, random(4, n)).messages)
    const equal = prompts.length - new Set(prompts).size
    expect(equal / prompts.length).toBeGreaterThan(0.035)
    expect(equal / prompts.length).toBeLessThan(0.065)
    const openings = new Set(prompts.map((text) => text.slice(-60)))
    expect((prompts.length - openings.size) / prompts.length).toBeGreaterThan(0.09)
  })
})
