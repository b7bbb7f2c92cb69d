import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from './checks.js'
import { metricNames } from './metric-names.js'
import { promqlProblems } from './promql.js'

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { h: number; w: number; x: number; y: number }
  fieldConfig?: { defaults?: { unit?: string } }
  datasource?: { uid?: string }
  targets?: { refId: string; expr: string }[]
}

const FOLDER = 'helm/flywheel/files/dashboards'
/** Chosen at the top of the board. */
const VARIABLE = ['$', '{datasource}'].join('')
const KINDS = new Set(['row', 'timeseries', 'stat'])

/** The dashboards: shape, panels that do not lie on each other, and questions that Prometheus can answer. */
export const grafana: Check = {
  name: 'dashboards',
  async run({ infra, repo }) {
    const problems: string[] = []
    const metrics = await metricNames(repo)
    const files = readdirSync(join(infra, FOLDER))
    if (files.length < 2) problems.push(`there are ${files.length} dashboards`)
    for (const file of files) {
      const board = JSON.parse(readFileSync(join(infra, FOLDER, file), 'utf8')) as Record<string, unknown> & {
        panels: Panel[]
      }
      const wrong = (what: string): void => void problems.push(`${file}: ${what}`)
      for (const key of ['uid', 'title', 'schemaVersion', 'time', 'templating'])
        if (board[key] === undefined) wrong(`has no ${key}`)
      const ids = new Set<number>()
      const taken = new Map<string, string>()
      for (const panel of board.panels) {
        const { id, type, title, gridPos } = panel
        if (ids.has(id)) wrong(`two panels have the id ${id}`)
        ids.add(id)
        if (!KINDS.has(type)) wrong(`${title} is a ${type}`)
        if (gridPos.x + gridPos.w > 24) wrong(`${title} is outside of the grid`)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            const other = taken.get(`${x},${y}`)
            if (other !== undefined && other !== title) wrong(`${title} lies on ${other}`)
            taken.set(`${x},${y}`, title)
          }
        if (type === 'row') continue
        if (!panel.description) wrong(`${title} does not say what it shows`)
        if (!panel.fieldConfig?.defaults?.unit) wrong(`${title} has no unit`)
        if (panel.datasource?.uid !== VARIABLE) wrong(`${title} names a data source of its own`)
        if (!panel.targets?.length) wrong(`${title} asks nothing`)
        for (const { expr } of panel.targets ?? [])
          for (const problem of promqlProblems(expr, metrics)) wrong(`${title}: ${problem}`)
      }
    }
    return problems
  },
  plants: [
    {
      what: 'a metric that nothing shows',
      file: `${FOLDER}/ingest.json`,
      old: 'flywheel_sink_rows_total',
      new: 'flywheel_sink_lines_total',
      finds: /nothing shows the metric flywheel_sink_lines_total/,
    },
    {
      what: 'an expression that does not parse',
      file: `${FOLDER}/data-quality.json`,
      old: 'max(flywheel_accounting_lost_records)',
      new: 'max(flywheel_accounting_lost_records',
      finds: /does not parse/,
    },
    {
      what: 'a label that the metric lacks',
      file: `${FOLDER}/ingest.json`,
      old: 'sum by (encoding)',
      new: 'sum by (compression)',
      finds: /has the label compression/,
    },
    { what: 'a panel on another', file: `${FOLDER}/ingest.json`, old: '"x": 8', new: '"x": 0', finds: /lies on/ },
  ],
}
