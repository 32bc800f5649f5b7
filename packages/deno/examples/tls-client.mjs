// A client over TLS: its own certificate authority, header fields, subprotocols. It sends each message, prints one answer to each, and
// says clearly what went wrong where it does not get that far.

import { connect, UpgradeError, WebSocketError } from '@wirestream/deno'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'

const help = `Usage: tls-client.mjs [options] URL [MESSAGE...]
Connects to a WebSocket server, such as wss://app.example/chat; sends each message and prints one answer to each.

  --ca FILE                  the certificates to trust, in PEM
  --header 'NAME: VALUE'     a header field of the request, such as 'Authorization: Bearer TOKEN'; may be given several times
  --protocol NAME            a subprotocol to offer; may be given several times, the most wanted first
  --timeout SECONDS          how long to wait for the connection (default: 10)`

/** @param {string[]} args */
async function main(args) {
  const { values, positionals: [url, ...messages] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ca: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      protocol: { type: 'string', multiple: true, default: [] },
      timeout: { type: 'string', default: '10' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)
  if (url === undefined) throw new TypeError('want a URL, such as wss://app.example/chat')

  const connection = await connect(url, {
    ca: values.ca === undefined ? undefined : readFileSync(values.ca, 'utf8'),
    headers: values.header.map(parseHeader), // sent in this order and case
    protocols: values.protocol,
    handshakeTimeout: Number(values.timeout) * 1000,
  })
  console.error(`connected${connection.protocol === '' ? '' : `, speaking ${connection.protocol}`}`)

  process.once('SIGINT', () => connection.close({ closeCode: 1000 })) // Ctrl-C; a second one ends at once

  const answers = connection.readable.getReader()
  for (const message of messages) {
    await connection.send(message)
    const { value, done } = await answers.read()
    if (done) break
    console.log(typeof value === 'string' ? value : `${value.length} bytes`)
  }
  connection.close({ closeCode: 1000 })
  const { closeCode, reason } = await connection.closed
  console.error(`closed: ${closeCode} ${reason}`.trimEnd())
}

/**
 * @param {string} text
 * @returns {[name: string, value: string]}
 */
function parseHeader(text) {
  const colon = text.indexOf(':')
  if (colon < 1) throw new TypeError(`a header field is a name, a colon and a value, got ${text}`)
  return [text.slice(0, colon), text.slice(colon + 1).trim()]
}

/**
 * One line that says what happened; each class of error has its own cause.
 * @param {unknown} error
 */
function explain(error) {
  if (error instanceof UpgradeError) { // the server was reached, and said no
    const body = new TextDecoder().decode(error.body).replace(/\p{C}+/gu, ' ').trim() // nothing that drives a terminal
    return `the server refused with ${error.status}${body === '' ? '' : `: ${body}`}`
  }
  if (error instanceof WebSocketError && /certificate|CERT/i.test(error.message)) {
    return `${error.message} (to trust it, give its authority with --ca)`
  }
  return error instanceof Error ? error.message : String(error)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`tls-client: ${explain(error)}`)
  process.exitCode = 1
})
