// A reverse proxy for WebSocket: it upgrades both ways (upgrade.mjs) and then passes frames (relay.mjs) without putting messages
// together. It makes no Connection: of the codec it takes the reader and the judges of heads, and the doors between bytes and frames.
// Pings, pongs and Close frames are the two ends' affair, and so are subprotocols, extensions and sizes.

import process from 'node:process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { listen } from './listen.mjs'
import { relay } from './relay.mjs'
import { upgrade } from './upgrade.mjs'

const help = `Usage: proxy.mjs [options] UPSTREAM
A reverse proxy: passes WebSocket connections on to UPSTREAM, such as ws://127.0.0.1:9000 or wss://app.example.

  --port NUMBER      where to listen; 0 takes a free port (default: 8080)
  --hostname NAME    the address to listen on (default: 127.0.0.1, so that only this machine gets in)
  --ca FILE          the certificates to trust in the upstream, in PEM`

/** @param {string | undefined} text */
function parseUpstream(text) {
  const url = URL.canParse(text ?? '') ? new URL(text ?? '') : undefined
  if (url !== undefined && /^wss?:$/.test(url.protocol) && url.pathname === '/') return url
  throw new TypeError(`want an upstream such as ws://127.0.0.1:9000, without a path, got ${text ?? 'none'}`)
}

/** @param {string[]} args */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      hostname: { type: 'string', default: '127.0.0.1' },
      ca: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)
  const upstream = parseUpstream(positionals[0])
  const ca = values.ca && readFileSync(values.ca, 'utf8')
  const stop = new AbortController()

  const listener = await listen({ hostname: values.hostname, port: Number(values.port) }, async (client, address) => {
    try {
      const sides = await upgrade(client, address, { upstream, ca, stop: stop.signal })
      if (sides !== undefined) await relay(sides, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) console.error(`proxy: ${address}: ${error instanceof Error ? error.message : error}`)
    }
  })

  // Ctrl-C gives both ends of every connection a Close with 1001 and ends; a second one ends at once.
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => {
      listener.close()
      stop.abort()
    })
  }
  console.log(`listening on ws://${values.hostname}:${listener.port}, passing on to ${upstream.origin}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`proxy: ${error.message}`)
  process.exitCode = 1
})
