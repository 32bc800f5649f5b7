// Nothing stays behind of a connection, however it ended.

import { expect, test } from 'vitest'
import { measure, PATIENCE } from './figures.ts'

interface Census {
  ends?: Record<string, number>
  heapUsed: number
  handles: string[]
  listeners: Record<string, number>
  connections: number
  alive: number
  unhandled: string[]
}

test('600 connections, a third each closed cleanly, reset and aborted, leave what was there before', async () => {
  const [before, after] = await measure<Census>('connections')
  expect(after!.ends).toEqual({
    'closed 1000': 200,
    'reset 1006': 200,
    'AbortError at once': 67,
    'AbortError in the handshake': 67,
    'writable aborted 1005': 66,
  })
  expect(before!.handles).toContain('TCPServerWrap') // the server listens
  expect(after!.handles).toEqual(before!.handles)
  expect(before!.listeners.signal, 'listeners to a signal that outlives them all').toBe(1) // the server's
  expect(after!.listeners).toEqual(before!.listeners)
  expect(after!.connections).toBe(0)
  expect(after!.alive, 'connections that the collector could not take').toBeLessThanOrEqual(5) // the last ones may stand on a stack
  expect(after!.unhandled).toEqual([])
  expect(after!.heapUsed - before!.heapUsed).toBeLessThan(4 * 2 ** 20) // a connection takes some 20 KiB
}, PATIENCE)
