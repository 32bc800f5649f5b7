// A few quick peers in every CI run; `npm run interop` is the whole. And peers that are broken on purpose: a check that nothing can
// fail would be none.

import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { End } from '../src/ends.ts'
import { everybody, failures, runInterop, verdict } from '../src/interop.ts'
import { findOurs } from '../src/ours.ts'
import type { KnownFault, Peer } from '../src/peers.ts'

const node = (await findOurs('node'))!
const quiet = () => {}

describe('on Node', () => {
  const quick = ['@wirestream/node', 'ws', 'undici WebSocket', 'undici WebSocketStream', 'Python websockets']
  for (const peer of everybody([node]).filter(({ name }) => quick.includes(name))) {
    test(`a conversation with ${peer.name}`, async ({ skip }) => {
      const { results, notRun } = await runInterop([node], [peer], quiet)
      if (!process.env['CI'] && notRun.length > 0) skip(notRun[0]!.why)
      expect(notRun).toEqual([])
      expect(results.length).toBe([peer.server, peer.client].filter(Boolean).length)
      expect(results.flatMap(({ faults }) => faults)).toEqual([])
    })
  }
})

describe('a broken peer', () => {
  const broken: [how: string, fault: string][] = [
    ['changes a byte', 'client closes: client: Error: binary: got 256 bytes, wanted 256 bytes'],
    ['forgets the reason', 'server closes: client: closed with 3002, wanted 3002 as you wish'],
    ['cuts', 'client closes: server: saw no end'],
    ['sends reserved bits', 'client closes: client: WebSocketError'],
  ]
  for (const [how, fault] of broken) {
    test(`that ${how} is found, with the bytes`, async () => {
      const findings = await runInterop([node], [brokenPeer(how)], quiet)
      expect(failures(findings).length).toBe(1)
      const [{ faults, bytes } = { faults: [], bytes: [] }] = findings.results
      expect(faults.join('\n')).toContain(fault)
      expect(bytes?.join('\n')).toContain('client: GET /conversation-')
    })
  }

  test('is excused where its own fault comes first, and nothing is wrong without that', async () => {
    const reserved: KnownFault = { match: /RSV1 must be 0/, when: 'now and then', why: 'it cannot read' }
    const cut: KnownFault = { match: /fragmented: got 65536/, when: 'messages are cut', why: 'it cannot gather' }
    const peers = [
      { ...brokenPeer('sends reserved bits'), faults: [reserved] },
      { ...brokenPeer('changes a byte'), faults: [cut] },
      { ...brokenPeer('takes fragments for messages'), faults: [cut] },
      { ...brokenPeer('takes fragments for messages and forgets the reason'), faults: [cut] },
    ]
    const { results } = await runInterop([node], peers, quiet)
    expect(results.map(verdict)).toEqual(["peer's fault", 'FAILED', "peer's fault", 'FAILED'])
    expect(results[3]?.faults).toEqual(['server closes: client: closed with 3002, wanted 3002 as you wish'])
  }, 120_000)

  test('that does not start is named as not run', async () => {
    const { results, notRun } = await runInterop([node], [brokenPeer('does not start')], quiet)
    expect(results).toEqual([])
    expect(notRun[0]?.why).toMatch(/^Cannot start server: exit code 3/)
  })
})

function brokenPeer(how: string): Peer {
  const file = fileURLToPath(new URL('broken-server.mjs', import.meta.url))
  const end: End = { prepare: () => Promise.resolve({ run: [process.execPath, file, how] }) }
  return { name: `broken: ${how}`, find: () => Promise.resolve({ version: '0', program: '' }), server: () => end }
}
