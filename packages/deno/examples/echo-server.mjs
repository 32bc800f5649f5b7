// An echo server: every message goes back as it came. A client that does not take its answers is not read any further: the
// streams see to that, down to the socket.

import { serve } from '@wirestream/deno'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'

const help = `Usage: echo-server.mjs [options]
Sends every WebSocket message back.

  --port NUMBER      where to listen; 0 takes a free port (default: 8080)
  --hostname NAME    the address to listen on (default: 127.0.0.1, so that only this machine gets in)
  --cert FILE        a certificate in PEM; with it and its key the server speaks TLS
  --key FILE         the certificate's key in PEM`

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8080' },
      hostname: { type: 'string', default: '127.0.0.1' },
      cert: { type: 'string' },
      key: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)
  const { cert, key } = values
  if ((cert === undefined) !== (key === undefined)) throw new TypeError('--cert and --key go together')
  const tls = cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined

  // Ctrl-C closes every connection with 1001 and ends; a second one ends at once.
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())

  const listener = await serve(
    { port: Number(values.port), hostname: values.hostname, tls, signal: stop.signal },
    ({ readable, writable }) => readable.pipeTo(writable),
  )
  console.log(`listening on ${listener.url}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`echo-server: ${error.message}`)
  process.exitCode = 1
})
