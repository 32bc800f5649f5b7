// The child's end of child.ts: answers what is asked, in Node, Deno and Bun, and ends with whoever asks.

import process from 'node:process'
import { createInterface } from 'node:readline'

/** What can be asked for, by name. */
export type Answers = Record<string, (ask: never) => unknown>

/** Answers one ask after another until nobody asks any more. */
export function answer(answers: Answers): void {
  const lines = createInterface(process.stdin)
  lines.on('line', async (line) => {
    const ask = JSON.parse(line) as { do: string }
    try {
      const act = answers[ask.do]
      if (act === undefined) throw new Error('it does not know how')
      process.stdout.write(`${JSON.stringify({ value: (await act(ask as never)) ?? null })}\n`)
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: (error as Error).stack ?? String(error) })}\n`)
    }
  })
  lines.on('close', () => process.exit())
}

/** What every server can be asked beside `listen`: its resident memory in bytes, with garbage and without. */
export const memory: Answers = {
  rss: () => process.memoryUsage().rss,
  async settle() {
    for (let i = 0; i < 3; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return process.memoryUsage().rss
  },
}

function collect(): void {
  if (typeof Bun === 'undefined') globalThis.gc!()
  else Bun.gc(true)
}
