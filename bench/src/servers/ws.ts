// The server of `ws` on Node, as its documentation writes it: ws.js MODE. The environment turns its add-ons off.

import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { WebSocketServer } from 'ws'
import { answer, memory } from '../answer.ts'

const broadcast = process.argv[2] === 'broadcast'
if (process.env['WS_NO_BUFFER_UTIL'] === undefined) checkNative()

answer({
  ...memory,
  listen: () =>
    new Promise<number>((resolve) => {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => {
        resolve((server.address() as AddressInfo).port)
      })
      server.on('connection', (socket) => {
        socket.on('error', () => {})
        socket.on('message', (data, binary) => {
          if (!broadcast) socket.send(data, { binary })
          else for (const client of server.clients) client.send(data, { binary })
        })
      })
    }),
})

/** Without its prebuilt code the add-on falls back to JavaScript in silence. */
function checkNative(): void {
  const { mask } = createRequire(import.meta.url)('bufferutil') as { mask: unknown }
  if (!String(mask).includes('[native code]')) throw new Error('Cannot serve: bufferutil has no native code here')
}
