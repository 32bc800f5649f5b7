// Requests for some other protocol, such as the `h2c` that HTTP clients offer: plain ones to us (RFC 9110 §7.8). Node tells of them as
// of every upgrade, so the HTTP server gets them back here.

import { Buffer } from 'node:buffer'
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Has a server answer an upgrade request as if it asked for none; the connection ends behind that. Takes what its `upgrade` event told. */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (lacksBody(request, socket)) return readAnew(server, request, socket, head)
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.on('finish', () => {
    response.detachSocket(socket as Socket)
    socket.end(() => socket.destroy())
  })
  socket.on('error', () => socket.destroy())
  if (meetsExpectation(request, response)) server.emit('request', request, response)
}

/** What Node's server does before it tells of a request (RFC 9110 §10.1.1): the client may be waiting with its body. */
function meetsExpectation({ headers: { expect }, httpVersion }: IncomingMessage, response: ServerResponse): boolean {
  if (expect === undefined || httpVersion !== '1.1') return true
  const known = /(?:^|\W)100-continue(?:$|\W)/i.test(expect)
  if (known) response.writeContinue()
  else response.writeHead(417).end()
  return known
}

/** Whether there is a body that Node did not read. Newer ones do: it is in the request then, or `socket` is none but waits for the rest. */
function lacksBody({ headers, readableLength }: IncomingMessage, socket: Duplex): socket is Socket {
  const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return announced && readableLength === 0 && socket instanceof Socket
}

/** Node before 24 takes what is behind the head for the other protocol. So the server gets the request again, without a word of that. */
function readAnew(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  let text = `${method} ${url} HTTP/${httpVersion}\r\nConnection: close\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!/^(?:connection|upgrade)$/i.test(rawHeaders[i]!)) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}
