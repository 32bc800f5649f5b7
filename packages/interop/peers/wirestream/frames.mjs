// What our client and our server share: sending in fragments, and counting the frames that pass, so that the report says what was on
// the wire and not what an API promised.

import process from 'node:process'
import { fragments } from '../shared/conversation.mjs'

/** A message as a stream, one chunk a fragment; whole for peers who can take no fragments. */
export function inFragments(message) {
  if (process.env.INTEROP_WHOLE !== undefined) return message
  const parts = fragments(message)
  return new ReadableStream({
    pull(controller) {
      const { done, value } = parts.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

export function watchFrames() {
  const counts = { fragments: 0, pings: 0, pongsSent: 0, pongs: 0 }
  let current = 0
  const observe = (direction, { opcode, fin, offset, payload, payloadLength }) => {
    if (offset + payload.length < payloadLength) return // a part of a frame, not its end
    if (opcode < 8 && direction === 'in') {
      current++
      if (!fin) return
      counts.fragments = Math.max(counts.fragments, current)
      current = 0
    }
    if (opcode === 9 && direction === 'in') counts.pings++
    if (opcode === 10 && direction === 'in') counts.pongs++
    if (opcode === 10 && direction === 'out') counts.pongsSent++
  }
  return { counts, observe }
}
