// Ratios as a picture: bars that leave the line of 1× to the right where ours is faster and to the left where it is slower, on a
// scale where twice as fast and half as fast are equally long. The thin line is the spread of the rounds.

/** A group of bars under one heading. */
export interface Panel {
  head: string
  bars: { label: string; ratio: number; low: number; high: number }[]
}

const WIDTH = 880
const LEFT = 190
const RIGHT = 800
const ROW = 20

/** An SVG of these panels, one below the other, on one scale. */
export function chart(title: string, panels: readonly Panel[]): string {
  const all = panels.flatMap(({ bars }) => bars.flatMap(({ low, high }) => [low, high]))
  const from = Math.min(0.5, 2 ** Math.floor(Math.log2(Math.min(...all))))
  const to = Math.max(2, 2 ** Math.ceil(Math.log2(Math.max(...all))))
  const x = (ratio: number) => round(LEFT + (RIGHT - LEFT) * Math.log2(ratio / from) / Math.log2(to / from))
  const parts: string[] = []
  let y = 64
  for (const panel of panels) {
    parts.push(text(20, y, panel.head, 'font-weight="600"'))
    parts.push(...scale(x, from, to, y + 10, y + 14 + panel.bars.length * ROW))
    panel.bars.forEach((bar, i) => parts.push(...row(bar, x, y + 14 + i * ROW)))
    y += panel.bars.length * ROW + 66
  }
  const name = escape(title)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${
    y - 20
  }" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12" fill="#1f2328" role="img" aria-labelledby="t">
  <title id="t">${name}</title>
  <rect width="${WIDTH}" height="${y - 20}" fill="#ffffff"/>
  <text x="20" y="30" font-size="15" font-weight="600">${name}</text>
  ${parts.join('\n  ')}
</svg>
`
}

function scale(x: (ratio: number) => number, from: number, to: number, top: number, bottom: number): string[] {
  const parts: string[] = []
  for (let ratio = from; ratio <= to; ratio *= 2) {
    const color = ratio === 1 ? '#57606a' : '#d8dee4'
    parts.push(`<path d="M${x(ratio)} ${top}V${bottom}" stroke="${color}"/>`)
    parts.push(
      text(x(ratio), bottom + 15, ratio < 1 ? `1/${1 / ratio}×` : `${ratio}×`, 'text-anchor="middle" fill="#57606a"'),
    )
  }
  return parts
}

function row({ label, ratio, low, high }: Panel['bars'][number], x: (ratio: number) => number, y: number): string[] {
  const [start, end] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))]
  const color = ratio >= 1 ? '#2da44e' : '#bc4c00'
  const middle = y + ROW / 2
  return [
    text(LEFT - 12, middle + 4, label, 'text-anchor="end"'),
    `<rect x="${start}" y="${y + 3}" width="${round(end - start)}" height="${ROW - 6}" fill="${color}"/>`,
    `<path d="M${x(low)} ${middle}H${x(high)}" stroke="#1f2328"/>`,
    text(RIGHT + 16, middle + 4, `${ratio.toFixed(2)}×`, ''),
  ]
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
