// What a terminal is shown of messages, which a test cannot see from outside without one.

import type { IncomingMessage } from '@wirestream/node'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Output, OutputClosed } from '../src/output.ts'
import { printMessage } from '../src/print.ts'

/** What is written for a message whose body comes in these chunks. */
async function shown(type: 'text' | 'binary', chunks: Uint8Array[], isTTY: boolean): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY })
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  await printMessage({ type, body } as IncomingMessage, new Output(stream), false)
  stream.end()
  return (await stream.toArray()).join('')
}

describe('printMessage', () => {
  const text = new TextEncoder().encode('\ufeffä🙂\x1b[2J\tb\n')
  const bytes = Array.from(text, (byte) => Uint8Array.of(byte))

  it('shows a terminal text that cannot drive it, however it comes', async () => {
    expect(await shown('text', [text], true)).toBe('\ufeffä🙂\\x1b[2J\tb\n\n')
    expect(await shown('text', bytes, true)).toBe('\ufeffä🙂\\x1b[2J\tb\n\n')
  })

  it('gives a pipe the very bytes', async () => {
    expect(await shown('text', [text], false)).toBe('\ufeffä🙂\x1b[2J\tb\n\n')
  })

  it('tells the length and the first sixteen bytes of a binary message, however it comes', async () => {
    const line = 'binary, 14 bytes: ef bb bf c3 a4 f0 9f 99 82 1b 5b 32 4a 09\n'
    expect(await shown('binary', [text.subarray(0, 14)], true)).toBe(line)
    expect(await shown('binary', bytes.slice(0, 14), true)).toBe(line)
    expect(await shown('binary', [], true)).toBe('binary, 0 bytes\n')
  })
})

describe('Output', () => {
  const failing = (code: string) =>
    new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('cannot write'), { code })) })

  it('tells of what was written last and could not be, as on a full disk', async () => {
    const output = new Output(failing('ENOSPC'))
    await output.write('all there was\n')
    await expect(output.flush()).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('tells as what it is that nobody reads any more', async () => {
    const output = new Output(failing('EPIPE'))
    await output.write('all there was\n')
    await expect(output.flush()).rejects.toBeInstanceOf(OutputClosed)
  })

  it('waits until everything is out', async () => {
    const written: string[] = []
    const slow = new Writable({
      write: (chunk, _encoding, done) => setImmediate(() => done(void written.push(String(chunk)))),
    })
    const output = new Output(slow)
    await output.write('a')
    await output.write('b')
    await output.flush()
    expect(written.join('')).toBe('ab')
  })
})
