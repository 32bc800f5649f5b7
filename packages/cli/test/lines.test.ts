// The parts below the commands that have rules of their own: lines, sizes, and text that cannot drive a terminal.

import { describe, expect, it } from 'vitest'
import { LineReader } from '../src/lines.ts'
import { oneLine, printable } from '../src/printable.ts'
import { formatSize, readSize } from '../src/size.ts'

/** Every line of a text that comes in chunks of `size` characters; streams are joined. */
async function linesOf(text: string, size: number): Promise<string[]> {
  async function* chunks() {
    for (let at = 0; at < text.length; at += size) yield await Promise.resolve(text.slice(at, at + size))
  }
  const reader = new LineReader(chunks())
  const lines: string[] = []
  for (let line = await reader.next(); line !== undefined; line = await reader.next()) {
    if (typeof line === 'string') lines.push(line)
    else {
      let joined = ''
      for await (const piece of line) joined += piece
      lines.push(joined)
    }
  }
  return lines
}

describe('LineReader', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\r\n\r\nc', ['a', 'b', '', 'c']],
    ['a\rb\n', ['a\rb']],
  ]
  it.each(cases)('cuts %j, however it comes', async (text, lines) => {
    for (const size of [1, 2, 3, 100]) expect(await linesOf(text, size)).toEqual(lines)
  })

  it('gives a long line as a stream, without its line end wherever that is cut', async () => {
    const long = 'x'.repeat(70_000)
    for (const size of [1, 69_999, 70_000, 70_001, 70_002, 1_000_000]) {
      const lines = await linesOf(`${long}\r\nshort\n${long}`, size)
      expect(lines.map((line) => line.length)).toEqual([70_000, 5, 70_000])
    }
  })

  it('keeps a CR inside a long line', async () => {
    const text = `${'x'.repeat(70_000)}\r${'y'.repeat(10)}`
    for (const size of [70_001, 70_000, 5]) expect(await linesOf(text, size)).toEqual([text])
  })

  it('reads no further than the line that is asked for', async () => {
    let read = 0
    async function* chunks() {
      for (; read < 100; read++) yield await Promise.resolve('a line\n')
    }
    const reader = new LineReader(chunks())
    await reader.next()
    await reader.next()
    expect(read).toBe(1)
  })
})

describe('sizes', () => {
  it.each([['0', 0], ['65536', 65536], ['64KiB', 65536], ['64k', 65536], ['1.5 MiB', 1572864], ['4GiB', 2 ** 32], [
    '10B',
    10,
  ]])(
    'reads %s',
    (text, size) => expect(readSize('--size', text as string)).toBe(size),
  )

  it.each(['', 'x', '-1', '1.5', '0.3KiB', '1e3', '9999999TiB', '1 000', 'KiB'])('refuses %j', (text) => {
    expect(() => readSize('--size', text)).toThrow(/--size must be a whole number of bytes/)
  })

  it.each([[0, '0 B'], [1023, '1023 B'], [1024, '1 KiB'], [1_572_864, '1.5 MiB'], [2 ** 30, '1 GiB']])(
    'writes %d as %s',
    (bytes, text) => expect(formatSize(bytes as number)).toBe(text),
  )
})

describe('printable text', () => {
  it('spells out what could drive a terminal and keeps the rest', () => {
    expect(printable('a\tb\nä🙂\x1b[2J\x07\r\x9b\x7f')).toBe('a\tb\nä🙂\\x1b[2J\\x07\\x0d\\x9b\\x7f')
  })

  it('fits into one line', () => {
    expect(oneLine('a\nb\r\n')).toBe('a\\nb\\x0d\\n')
  })
})
