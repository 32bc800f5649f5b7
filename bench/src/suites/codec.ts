// The codec against the receiver and sender of `ws`, as a user would have it: plain, and with its native add-ons.
// Each of the two runs in a process of its own, because `ws` looks for the add-ons when it is loaded.

import { fork } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type CodecCase, codecCases } from '../codec/cases.ts'
import type { Comparison, Effort } from '../harness.ts'
import { environment, ratio, type Reporter, short, size } from '../report.ts'
import type { Suite } from '../suite.ts'

const rivals = { plain: 'ws', native: 'ws + add-ons' } as const
type Rival = keyof typeof rivals

/** One line of the table. */
export interface CodecResult extends CodecCase, Record<Rival, Comparison> {}

const suite: Suite = {
  about: 'frames and messages, decoded and encoded, against the receiver and sender of ws',
  inAll: true,
  packages: ['ws', 'bufferutil', 'utf-8-validate'],
  async run({ effort, quick, report }) {
    report.heading('codec', environment(suite.packages), quick)
    report.line(
      `Ratios are ours : theirs, the median of ${effort.rounds} alternating pairs of ${effort.seconds} s, with the spread.`,
    )
    report.line('Decode: masked frames in chunks of 64 KiB, to messages; text ends as a string on both sides.')
    report.line('Encode: one message a call, to chunks for the socket; "64 a call" is what ws has no call for.\n')
    const plain = new Worker('plain', effort)
    const native = new Worker('native', effort)
    try {
      return await table(report, { plain, native })
    } finally {
      plain.stop()
      native.stop()
    }
  },
}

export default suite

async function table(report: Reporter, workers: Record<Rival, Worker>): Promise<CodecResult[]> {
  const widths = [26, 7, -8, -10, -10, 20, 20]
  report.row(['work', 'type', 'size', 'ours msg/s', 'ours B/s', `vs ${rivals.plain}`, `vs ${rivals.native}`], widths)
  const results: CodecResult[] = []
  for (const one of codecCases()) {
    const plain = await workers.plain.compare(one)
    const native = await workers.native.compare(one)
    results.push({ ...one, plain, native })
    const ours = (plain.ours + native.ours) / 2
    const cells = [one.work, one.type, size(one.size), short(ours), short(ours * one.size), ratio(plain), ratio(native)]
    report.row(cells, widths)
  }
  return results
}

/** A process that compares one case after another with one form of `ws`. */
class Worker {
  readonly #process

  constructor(rival: Rival, effort: Effort) {
    const off = rival === 'plain' ? '1' : ''
    this.#process = fork(
      fileURLToPath(new URL('../codec/worker.js', import.meta.url)),
      [JSON.stringify(effort), rival],
      {
        env: { ...process.env, WS_NO_BUFFER_UTIL: off, WS_NO_UTF_8_VALIDATE: off },
      },
    )
  }

  compare(one: CodecCase): Promise<Comparison> {
    return new Promise((resolve, reject) => {
      const failed = (code: number | null) =>
        reject(new Error(`Cannot measure ${one.work}: the process ended with ${code}`))
      this.#process.once('exit', failed)
      this.#process.once('message', (comparison: Comparison) => {
        this.#process.off('exit', failed)
        resolve(comparison)
      })
      this.#process.send(one)
    })
  }

  stop(): void {
    this.#process.kill()
  }
}
