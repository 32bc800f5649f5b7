// Law: a connection does what the closing table says, in every state and for every event, and for both roles (rules 38 to 51).
// What is expected is read from the table; how a state is reached and an event is made is written here.

import { describe, expect, test } from 'vitest'
import { Opcode, type Role } from '../../src/index.ts'
import { type ClosingAction, type ClosingEvent, type ClosingState, closingTable } from '../../src/connection/closing.ts'
import { utf8 } from '../support/bytes.ts'
import { connect, roles, source } from './helpers.ts'

const TIMEOUT = 5000
const events: ClosingEvent[] = ['close', 'flushed', 'close-received', 'failure', 'end', 'timeout']
const states = Object.keys(closingTable) as ClosingState[]

/** A connection in that state, with nothing in the way but what keeps it there. */
async function reach(state: ClosingState, role: Role) {
  const made = connect(role, { limits: { closeTimeout: TIMEOUT } })
  const { connection, peer, transport, world } = made
  const stuck = source<Uint8Array>()
  switch (state) {
    case 'flushing':
      connection.send(stuck.stream).catch(() => {})
      stuck.push(utf8('half'))
      await world.settle()
      connection.close({ closeCode: 3001 })
      break
    case 'closing':
      connection.close({ closeCode: 3001 })
      break
    case 'replying':
      connection.send(stuck.stream, { length: 8 }).catch(() => {})
      stuck.push(utf8('half'))
      await world.settle()
      peer.says(peer.close(3002, 'theirs'))
      break
    case 'handshaken':
      peer.says(peer.close(3002, 'theirs'))
      break
    case 'failing':
      peer.says({ opcode: 0x3 })
      break
    case 'ended':
      transport.end()
  }
  await world.settle()
  // A frame that is not complete cannot be heard; its bytes are looked at in the tests of streamed messages.
  if (state !== 'replying') peer.heard()
  transport.did.length = 0
  return { ...made, stuck, wasOver: made.end.state !== 'pending' }
}

type Reached = Awaited<ReturnType<typeof reach>>

async function happen(event: ClosingEvent, state: ClosingState, made: Reached): Promise<void> {
  const { connection, peer, transport, world, stuck } = made
  switch (event) {
    case 'close':
      connection.close({ closeCode: 3003 })
      break
    case 'flushed':
      if (state === 'flushing' || state === 'replying') {
        stuck.push(utf8('full'))
        stuck.close()
      }
      break
    case 'close-received':
      if (!isOver(state)) peer.says(peer.close(3004, 'they'))
      break
    case 'failure':
      if (state === 'replying') stuck.fail(new Error('the source broke'))
      else if (!isOver(state)) peer.says({ opcode: 0x3 })
      break
    case 'end':
      if (state !== 'ended') transport.end()
      break
    case 'timeout':
      await world.pass(TIMEOUT)
  }
  await world.settle()
}

/** Whether the transport was cut. A writable that has ended cannot be aborted: then nobody reading any more is what says it. */
function isCut({ transport, peer }: Reached, state: ClosingState): boolean {
  const ended = state === 'failing' || (state === 'handshaken' && peer.role === 'server')
  return transport.did.includes(ended ? 'cancel' : 'abort')
}

/** Whether the transport has ended, so that the peer can say nothing. */
function isOver(state: ClosingState): boolean {
  return state === 'ended'
}

/** What the table says: the step, and the flush that follows where nothing is in the way. */
function expected(state: ClosingState, event: ClosingEvent): { next: ClosingState; actions: ClosingAction[] } {
  const actions: ClosingAction[] = []
  let step = closingTable[state][event]
  if (step === undefined) return { next: state, actions }
  actions.push(...step.actions)
  if (step.next === 'flushing' || step.next === 'replying') {
    step = closingTable[step.next].flushed!
    actions.push(...step.actions)
  }
  return { next: step.next, actions }
}

describe.each(roles)('as a %s', (role) => {
  describe.each(states)('in the state %s', (state) => {
    test.each(events)('the event %s does what the table says', async (event) => {
      const made = await reach(state, role)
      await happen(event, state, made)
      const { next, actions } = expected(state, event)

      const insideFrame = state === 'replying' && event !== 'flushed'
      const heard = insideFrame ? [] : (await made.peer.hears()).filter((word) => word.startsWith('close'))
      expect(heard.length, 'Close frames sent').toBe(actions.includes('send-close') && !insideFrame ? 1 : 0)

      const ends = actions.includes('shutdown') || (actions.includes('shutdown-as-server') && role === 'server')
      // Where our verdict or both Close frames are under way when the transport ends, our direction ends in order too.
      const inOrder = next === 'ended' && event === 'end' && state === 'handshaken' && role === 'client'
      expect(made.transport.did.filter((what) => what === 'shutdown').length).toBe(ends || inOrder ? 1 : 0)

      // An end of the transport that is none of ours leaves nothing to be ended in order.
      const broken = next === 'ended' && event === 'end' && !['handshaken', 'failing', 'ended'].includes(state)
      expect(isCut(made, state)).toBe(actions.includes('abort') || broken)

      const over = next === 'ended'
      expect(made.end.state === 'pending').toBe(!over)
      if (over && !made.wasOver) expect(made.end.state).toBe(state === 'handshaken' ? 'resolved' : 'rejected')
      if (over) expect(made.world.timers, 'timers left').toBe(0)
    })

    test('the wait of this state is bounded, unless data may flow', async () => {
      const made = await reach(state, role)
      const { world, end } = made
      if (state === 'ended') return expect(world.timers).toBe(0)
      await world.pass(TIMEOUT - 1)
      expect(end.state).toBe('pending')
      await world.pass(1)
      expect(end.state).toBe(state === 'open' ? 'pending' : state === 'handshaken' ? 'resolved' : 'rejected')
      expect(isCut(made, state)).toBe(state !== 'open')
    })
  })

  test('each wait has the whole time: the clock starts anew with every step that says so', async () => {
    const { world, end, connection, peer } = connect(role, { limits: { closeTimeout: TIMEOUT } })
    connection.close()
    await world.pass(TIMEOUT - 1)
    peer.says({ opcode: Opcode.Close })
    await world.pass(TIMEOUT - 1)
    expect(end.state).toBe('pending')
    await world.pass(1)
    expect(end.state).toBe('resolved')
  })
})
