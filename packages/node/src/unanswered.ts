// Requests that a client sends behind one that is not answered yet (RFC 9112 §9.3.2). Node tells of an upgrade among them at once, while
// the response before it has the socket still: frames and that response would mix, and a second response is more than Node takes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Where a socket has the response that is under way on it. */
const unanswered = Symbol('Wirestream unanswered')

interface BusySocket extends Duplex {
  [unanswered]?: ServerResponse | undefined
}

/** A plain request came: its socket takes no upgrade until `response` is done with. */
export function markUnanswered({ socket }: IncomingMessage, response: ServerResponse): void {
  const busy: BusySocket = socket
  busy[unanswered] = response
  response.once('close', () => {
    if (busy[unanswered] === response) busy[unanswered] = undefined
  })
}

/**
 * Whether an upgrade came too early on its socket. Then it is left without an answer, as all that follows: the responses before it go
 * out, and the socket ends behind them. `socket` is what came with the event, which may be another stream than the request's own: from
 * Node 24 on one that waits for the request's body.
 */
export function cameTooEarly(request: IncomingMessage, socket: Duplex): boolean {
  const response = (request.socket as BusySocket)[unanswered]
  if (response === undefined) return false
  socket.on('error', () => socket.destroy())
  response.once('close', () => socket.end(() => socket.destroy()))
  socket.resume() // unread bytes would reset the connection, and nobody would see its end
  return true
}
