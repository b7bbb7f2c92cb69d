import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** One bar of a chart. */
export interface Bar {
  name: string
  count: number
  /** What the bar is a part of, for its colour. */
  series?: string
}

const { document } = parseHTML('<html></html>')

/** Pixels, as drawn; the page scales the picture down to its column. */
const WIDTH = 640

/** Colours of the page, which has a light and a dark value of each. */
const COLOURS: Record<string, string> = {
  kept: 'var(--kept)',
  dropped: 'var(--dropped)',
  chosen: 'var(--kept)',
  rejected: 'var(--dropped)',
}

function svg(options: Plot.PlotOptions): string {
  const chart = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    width: WIDTH,
    ...options,
  })
  return chart.outerHTML
}

const said = ({ count }: Bar): string => count.toLocaleString('en-US')

const colourOf = (bar: Bar): string => COLOURS[bar.series ?? ''] ?? 'var(--accent)'

/** Room for the longest name, in pixels. */
function marginFor(names: readonly string[]): number {
  return 16 + Math.min(260, Math.max(...names.map((name) => name.length)) * 6.2)
}

/** Bars that lie, one a name, in the order given; bars of one name stand behind each other. */
export function horizontalBars(bars: readonly Bar[], label: string): string {
  const names = [...new Set(bars.map(({ name }) => name))]
  return svg({
    marginLeft: marginFor(names),
    marginRight: 48,
    height: 56 + names.length * 24,
    x: { grid: true, label, tickFormat: 'd', nice: true },
    y: { label: null, domain: names },
    marks: [
      Plot.barX(bars, { x: 'count', y: 'name', fill: colourOf, inset: 2 }),
      Plot.text(bars, { x: 'count', y: 'name', text: said, dx: 4, textAnchor: 'start' }),
      Plot.ruleX([0]),
    ],
  })
}

/** Bars that stand, one a bin, in the order given; two series stand side by side. */
export function histogram(bars: readonly Bar[], label: string, count: string): string {
  const bins = [...new Set(bars.map(({ name }) => name))]
  const series = [...new Set(bars.map((bar) => bar.series ?? ''))]
  const common = {
    y: { grid: true, label: count, tickFormat: 'd' as const, nice: true },
    height: 240,
    marginBottom: 40,
  }
  if (series.length === 1) {
    return svg({
      ...common,
      x: { label, domain: bins },
      marks: [Plot.barY(bars, { x: 'name', y: 'count', fill: colourOf, inset: 2 }), Plot.ruleY([0])],
    })
  }
  return svg({
    ...common,
    fx: { label, domain: bins },
    x: { axis: null, domain: series },
    marks: [Plot.barY(bars, { fx: 'name', x: 'series', y: 'count', fill: colourOf }), Plot.ruleY([0])],
  })
}
