// What `wirestream connect` makes of standard input, and when it has waited long enough behind its end.

import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { wsServer } from '@wirestream/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeInput } from '../src/input.ts'
import { LineReader } from '../src/lines.ts'
import { expectOneComplaint, Program, run } from './support/program.ts'

const wrongInput = 'standard input must be UTF-8, got bytes that are not; --binary sends any'

describe('decodeInput', () => {
  /** The text of these bytes, in chunks of `size`. */
  async function decoded(bytes: Uint8Array, size: number): Promise<string> {
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
    }
    let text = ''
    for await (const piece of decodeInput(chunks())) text += piece
    return text
  }

  it.each([1, 2, 3, 100])('gives text as it is, byte order mark and all, in chunks of %d', async (size) => {
    const text = '\ufeffGrüße\n\ufeff🙂'
    expect(await decoded(new TextEncoder().encode(text), size)).toBe(text)
  })

  it.each([[[0xff]], [[0xc3]], [[0xc3, 0x0a]], [[0xed, 0xa0, 0x80]], [[0xf0, 0x9f, 0x99]]])(
    'refuses %j',
    async (bytes) => {
      const input = Uint8Array.of(0x61, 0x0a, ...bytes)
      for (const size of [1, 100]) await expect(decoded(input, size)).rejects.toThrow(wrongInput)
    },
  )

  /** The lines before what is wrong, with the bytes cut at these places. */
  async function linesBefore(bytes: Uint8Array, ...cuts: number[]): Promise<unknown[]> {
    async function* chunks() {
      for (const [i, from] of [0, ...cuts].entries()) yield await Promise.resolve(bytes.subarray(from, cuts[i]))
    }
    const reader = new LineReader(decodeInput(chunks()))
    const lines: unknown[] = []
    const readAll = async () => {
      for (let line = await reader.next(); line !== undefined; line = await reader.next()) lines.push(line)
    }
    await expect(readAll()).rejects.toThrow(wrongInput)
    return lines
  }

  it.each([
    ['no character', [0xff]],
    ['half a character', [0x78, 0xf0, 0x9f]],
    ['half a character before a line', [0xe2, 0x82, 0x0a, 0x61, 0x0a]],
    ['a surrogate, then good lines', [0xed, 0xa0, 0x80, 0x0a, 0x61, 0x0a, 0x62]],
  ])('gives every whole line before %s, wherever the bytes are cut', async (_what, wrong) => {
    const lines = ['\ufeffä', '\ufffd', '', '🙂']
    const bytes = Uint8Array.of(...new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')), ...wrong)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(await linesBefore(bytes, first, second)).toEqual(lines)
      }
    }
  })
})

describe('standard input', () => {
  it('sends a line of any length as one message', async () => {
    const lengths: number[] = []
    await using server = await wsServer((socket) => {
      socket.on('message', (data) => {
        lengths.push((data as Uint8Array).length)
        if (lengths.length === 2) socket.close(1000)
      })
    })
    const { code } = await run(['connect', server.url], `${'ä'.repeat(1_000_000)}\r\nshort\n`)
    expect(code).toBe(0)
    expect(lengths).toEqual([2_000_000, 5])
  })

  it('is not altered where it is no text, but refused', async () => {
    const received: string[] = []
    await using server = await wsServer((socket) => socket.on('message', (data) => received.push(String(data))))
    const finished = await run(['connect', server.url], Uint8Array.of(0x61, 0xff, 0x0a))
    expect(finished).toEqual({ code: 1, stdout: '', stderr: `closed: 1000\nwirestream: ${wrongInput}\n` })
    expect(received).toEqual([])
  })

  it('is sent up to the line that is no text, and answers to that are printed', async () => {
    const received: string[] = []
    await using server = await wsServer((socket) => {
      socket.on('message', (data) => {
        received.push(String(data))
        if (received.length === 3) setTimeout(() => socket.send('the answer', () => socket.close(1000, 'done')), 50)
      })
    })
    const input = Uint8Array.of(...new TextEncoder().encode('ä\n\nb\nbad '), 0xff, 0x0a, 0x63, 0x0a)
    const finished = await run(['connect', server.url, '--linger', '25'], input)
    const stderr = `closed: 1000 done\nwirestream: ${wrongInput}\n`
    expect(finished).toEqual({ code: 1, stdout: 'the answer\n', stderr })
    expect(received).toEqual(['ä', '', 'b'])
  })

  it('is refused before anything is sent where it is a directory', () => {
    const folder = openSync(fileURLToPath(new URL('.', import.meta.url)), 'r')
    onTestFinished(() => closeSync(folder))
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
    // Nobody listens on port 1, which would be the complaint if it came so far.
    const { status, stderr } = spawnSync(process.execPath, [main, 'connect', 'ws://127.0.0.1:1'], {
      stdio: [folder, 'ignore', 'pipe'],
      encoding: 'utf8',
    })
    const complaint = 'standard input must be a file, a pipe or a terminal, got a directory'
    expect({ status, stderr }).toEqual({ status: 1, stderr: `wirestream: ${complaint}\n` })
  })

  it('ends a message that has begun with 1011 where it is no text', async () => {
    const codes: number[] = []
    await using server = await wsServer((socket) => socket.on('close', (code) => codes.push(code)))
    await using program = new Program(['connect', server.url])
    program.child.stdin.write('x'.repeat(200_000))
    program.child.stdin.end(Uint8Array.of(0xff))
    const finished = await program.finished
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toContain(wrongInput)
    expect(codes).toEqual([1011])
  })

  it.each([0, 3, 1_000_000])('goes out as one binary message with --binary: %d bytes', async (length) => {
    await using server = await wsServer((socket) => {
      socket.on('message', (data, isBinary) => socket.close(1000, `${isBinary} ${(data as Uint8Array).length}`))
    })
    const { code, stderr } = await run(['connect', server.url, '--binary'], new Uint8Array(length).fill(0xff))
    expect({ code, stderr }).toEqual({ code: 0, stderr: `closed: 1000 true ${length}\n` })
  })

  it('stops reading standard input while the peer does not read', async () => {
    let received = 0
    let resume!: () => void
    await using server = await wsServer((socket) => {
      socket.pause()
      resume = () => socket.resume()
      socket.on('message', (data) => received += (data as Uint8Array).length)
    }, { maxPayload: 2 ** 26 })
    await using program = new Program(['connect', server.url])
    const line = `${'x'.repeat(99_999)}\n`
    const write = () => new Promise<void>((resolve) => program.child.stdin.write(line, () => resolve()))
    let written = 0
    // One-sided: a program that buffered would take all of it without ever stalling.
    for (let stalled = false; !stalled && written < 1000; written++) {
      const timer = new Promise<boolean>((resolve) => setTimeout(resolve, 1000, true))
      stalled = await Promise.race([write().then(() => false), timer])
    }
    expect(written).toBeLessThan(500)
    resume()
    program.child.stdin.end()
    expect((await program.finished).code).toBe(0)
    expect(received).toBe(written * 99_999)
  })
})

describe('the end of standard input', () => {
  it('prints what comes behind the end of standard input', async () => {
    await using server = await wsServer((socket) => {
      socket.on('message', () => {
        setTimeout(() => {
          socket.send('the answer')
          socket.close(1000, 'done')
        }, 50)
      })
    })
    const finished = await run(['connect', server.url, '--linger', '25'], 'the question')
    expect(finished).toEqual({ code: 0, stdout: 'the answer\n', stderr: 'closed: 1000 done\n' })
  })

  it('is not over while the reader of standard output is slow: all that comes is printed', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(500)}`)
    await using server = await wsServer((socket) => lines.forEach((line) => socket.send(line)))
    await using program = new Program(['connect', server.url, '--linger', '0.2'])
    program.child.stdin.end()
    await program.output(/^0 x/)
    program.child.stdout.pause()
    setTimeout(() => program.child.stdout.resume(), 1000) // five times as long as it lingers
    expect((await program.finished).stdout).toBe(`${lines.join('\n')}\n`)
  })

  it('is waited behind for answers, and not for pings', async () => {
    await using server = await wsServer((socket) => {
      const timer = setInterval(() => socket.ping(), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const finished = await run(['connect', server.url, '--linger', '0.2'])
    expect(finished).toEqual({ code: 0, stdout: '', stderr: 'closed: 1000\n' })
  })

  it.each([[[]], [['--max-message-size', '1KiB']]])(
    'is waited behind while a message still comes: %j',
    async (limit) => {
      await using server = await wsServer((socket) => {
        let parts = 0
        const timer = setInterval(() => {
          socket.send('x', { fin: ++parts === 25 })
          if (parts === 25) clearInterval(timer)
        }, 100)
      })
      const finished = await run(['connect', server.url, '--linger', '1', ...limit])
      expect(finished).toMatchObject({ code: 0, stdout: `${'x'.repeat(25)}\n` })
    },
  )
})
