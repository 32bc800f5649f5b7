// A Cloudflare Worker that talks to a WebSocket server over the platform's own sockets: the body of a POST request goes
// out as a message, and the first message that comes back is the response. `?to=wss://…` says where.
//
// A socket of `cloudflare:sockets` is a pair of byte streams, and the codec needs nothing else.

import { connect } from 'cloudflare:sockets'
import { openConnection, WebSocketError } from '@wirestream/codec'

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(new URL(request.url).searchParams.get('to') ?? '')
    const secure = url.protocol === 'wss:'
    const port = Number(url.port) || (secure ? 443 : 80)
    const socket = connect({ hostname: url.hostname, port }, { secureTransport: secure ? 'on' : 'off' })
    try {
      await using connection = await openConnection(socket, url)
      await connection.send(await request.text())
      for await (const message of connection.readable) return new Response(message as string | Uint8Array<ArrayBuffer>)
      return new Response('the server closed without an answer', { status: 502 })
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      return new Response(`${url.host}: ${error.message}`, { status: 502 })
    }
  },
}
