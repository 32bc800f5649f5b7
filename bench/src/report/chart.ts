// Ratios as a picture: bars that leave the line of 1× to the right where ours is faster and to the left where it is slower, on a
// scale where twice as fast and half as fast are equally long. The thin line is the spread of the rounds. Panels stand in two columns.

/** A group of bars under one heading. */
export interface Panel {
  head: string
  bars: { label: string; ratio: number; low: number; high: number }[]
}

const WIDTH = 880
const COLUMN = WIDTH / 2
/** Within a column. */
const LEFT = 164
const RIGHT = COLUMN - 66
const ROW = 19
const HEAD = 34
const FOOT = 34

// The picture brings its own ground, so that it can be read wherever it is shown.
const STYLE = `
    .ground { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #59636e }
    .more { fill: #2da44e } .less { fill: #d4731c } .line { stroke: #d8dee4 } .one { stroke: #818b98 } .spread { stroke: #1f2328 }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9198a1 }
      .more { fill: #2f9e4c } .less { fill: #c2661a } .line { stroke: #2a3139 } .one { stroke: #767f8a } .spread { stroke: #e6edf3 }
    }`

/** From ratio to place, and the ratios at both ends. */
interface Scale {
  x(ratio: number): number
  from: number
  to: number
}

/** An SVG of these panels on one scale. */
export function chart(title: string, about: string, conditions: string, panels: readonly Panel[]): string {
  const scale = scaleFor(panels)
  const parts: string[] = []
  let y = 62
  for (let i = 0; i < panels.length; i += 2) {
    const pair = panels.slice(i, i + 2)
    pair.forEach((panel, column) => {
      parts.push(`<g transform="translate(${column * COLUMN} ${y})">`, ...drawn(panel, scale), '</g>')
    })
    y += HEAD + FOOT + ROW * Math.max(...pair.map(({ bars }) => bars.length))
  }
  y += 18
  const values = panels.map(({ head, bars }) =>
    `${head}: ${bars.map(({ label, ratio }) => `${label} ${times(ratio)}`).join('; ')}.`
  )
  const font = 'font-family="ui-sans-serif, system-ui, sans-serif" font-size="12"'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" ${font} role="img" aria-labelledby="t d">
  <title id="t">${escape(title)}</title>
  <desc id="d">${escape(values.join(' '))}</desc>
  <style>${STYLE}
  </style>
  <rect class="ground" width="${WIDTH}" height="${y}" rx="6"/>
  ${text(20, 28, title, 'ink', 'font-size="15" font-weight="600"')}
  ${text(20, 47, about, 'faint', 'font-size="11"')}
  ${parts.join('\n  ')}
  ${text(20, y - 14, conditions, 'faint', 'font-size="11"')}
</svg>
`
}

function scaleFor(panels: readonly Panel[]): Scale {
  const all = panels.flatMap(({ bars }) => bars.flatMap(({ low, high }) => [low, high]))
  const from = Math.min(0.5, 2 ** Math.floor(Math.log2(Math.min(...all))))
  const to = Math.max(2, 2 ** Math.ceil(Math.log2(Math.max(...all))))
  const x = (ratio: number) => round(LEFT + (RIGHT - LEFT) * Math.log2(ratio / from) / Math.log2(to / from))
  return { x, from, to }
}

function drawn({ head, bars }: Panel, scale: Scale): string[] {
  const bottom = HEAD + bars.length * ROW
  return [
    text(20, 20, head, 'ink', 'font-weight="600"'),
    ...grid(scale, HEAD - 4, bottom),
    ...bars.flatMap((bar, i) => row(bar, scale, HEAD + i * ROW)),
  ]
}

function grid({ x, from, to }: Scale, top: number, bottom: number): string[] {
  const parts: string[] = []
  for (let ratio = from; ratio <= to; ratio *= 2) {
    parts.push(`<path class="${ratio === 1 ? 'one' : 'line'}" d="M${x(ratio)} ${top}V${bottom}"/>`)
    const label = ratio < 1 ? `1/${1 / ratio}` : `${ratio}×`
    parts.push(text(x(ratio), bottom + 14, label, 'faint', 'text-anchor="middle" font-size="11"'))
  }
  return parts
}

function row({ label, ratio, low, high }: Panel['bars'][number], { x }: Scale, y: number): string[] {
  const [start, end] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))]
  const middle = y + ROW / 2
  const bar = `class="${ratio >= 1 ? 'more' : 'less'}" x="${start}" y="${y + 3}" width="${round(end - start)}"`
  return [
    text(LEFT - 10, middle + 4, label, 'ink', 'text-anchor="end"'),
    `<rect ${bar} height="${ROW - 6}" rx="1.5"/>`,
    `<path class="spread" d="M${x(low)} ${middle}H${x(high)}"/>`,
    text(COLUMN - 16, middle + 4, times(ratio), 'ink', 'text-anchor="end"'),
  ]
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`
}

function text(x: number, y: number, content: string, kind: 'ink' | 'faint', attributes: string): string {
  return `<text class="${kind}" x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
