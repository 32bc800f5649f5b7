// Plain requests on connections that may serve for more: one upgrade, or the listener's end, comes behind the responses that are under
// way. Owns the order of all three.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The responses of one HTTP server. */
export class Responses {
  /** Those that are under way on each connection, in order; none where it is kept alive for the next request. */
  readonly #open = new Map<Socket, ServerResponse[]>()
  #ending = false

  /** A plain request came; call it before anybody answers. */
  add({ socket }: IncomingMessage, response: ServerResponse): void {
    const open = this.#open.get(socket) ?? []
    if (!this.#open.has(socket)) socket.once('close', () => this.#open.delete(socket))
    this.#open.set(socket, open)
    open.push(response)
    response.once('close', () => {
      open.splice(open.indexOf(response), 1)
      if (this.#ending && open.length === 0) socket.destroySoon() // its head may have said something else
    })
    if (this.#ending) response.shouldKeepAlive = false
  }

  /** Ends the connections that wait for a request, and the others behind their last response. */
  end(): void {
    this.#ending = true
    for (const [socket, open] of this.#open) {
      if (open.length === 0) socket.destroySoon()
      else open.at(-1)!.shouldKeepAlive = false
    }
  }

  /**
   * Calls `take` when an upgrade may have its socket. Node tells of an upgrade behind a request that is not answered yet at once
   * (RFC 9112 §9.3.2), while the response before it has the socket still: frames and that response would mix, and a second response is
   * more than Node takes. Such an upgrade is left without an answer, as all that follows: the responses before it go out, and the socket
   * ends behind them. But where the response is complete, its client may have seen all of it before Node says so, and is waited for.
   *
   * `socket` is what came with the event, which may be another stream than the request's own: from Node 24 on one that waits for the
   * request's body.
   */
  whenAnswered({ socket: connection }: IncomingMessage, socket: Duplex, take: () => void): void {
    const open = this.#open.get(connection) ?? []
    const response = open.at(-1)
    const proceed = (): void => {
      this.#open.delete(connection)
      take()
    }
    if (response === undefined) return proceed()
    socket.on('error', () => socket.destroy())
    // One that waits for another response has no socket yet.
    const complete = response.writableEnded && response.socket !== null
    if (!complete) {
      attend(connection, open)
      socket.resume() // unread bytes would reset the connection, and nobody would see its end
    }
    response.once('close', () => {
      // It may have said that it is the last.
      if (!complete || !connection.writable) return void socket.resume().end(() => socket.destroy())
      connection.setTimeout(0) // Node would have it wait for a request
      proceed()
    })
  }
}

/** Node lets go of a connection with its upgrade. Does what it did for the responses that have the connection still. */
function attend(connection: Socket, open: readonly ServerResponse[]): void {
  connection.on('drain', () => open.find(({ socket }) => socket !== null)?.emit('drain'))
  connection.once('end', () => connection.destroySoon()) // its client has left
}
