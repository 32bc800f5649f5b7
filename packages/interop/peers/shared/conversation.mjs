// The conversation as every JavaScript client holds it: five exchanges and a close. Knows no API; a client hands in its own calls
// as an `end`: send(message, fragment), receive(), ping(data) where there is one, close(code, reason), closed.

export const TEXT = 'Grüße, 世界! 😀'
export const PING = 'are you there'
export const CLOSE_REQUEST = 'please close'
export const CLIENT_CLOSE = { code: 3001, reason: 'done' }
export const SERVER_CLOSE = { code: 3002, reason: 'as you wish' }
export const FRAGMENT = 65_536

/** Longer messages than this are sent in fragments by whoever can. */
export const FRAGMENT_ABOVE = 100_000

const steps = [
  ['text', TEXT],
  ['binary', Uint8Array.from({ length: 256 }, (_, i) => i)],
  ['large', Uint8Array.from({ length: 70_000 }, (_, i) => i * 7 % 251)],
  ['fragmented', Uint8Array.from({ length: 1_048_576 }, (_, i) => i * 7 % 251)],
]

/** The fragments of a message. */
export function* fragments(data) {
  for (let at = 0; at < data.length; at += FRAGMENT) yield data.subarray(at, at + FRAGMENT)
}

/** Holds the conversation and reports each step; `closer` is who closes first, `client` or `server`. */
export async function converse(end, closer, report) {
  for (const [step, message] of steps) {
    await end.send(message, message.length > FRAGMENT_ABOVE)
    const answer = await end.receive()
    if (!same(answer, message)) throw new Error(`${step}: got ${describe(answer)}, wanted ${describe(message)}`)
    report(`ok ${step}`)
  }
  if (end.ping === undefined) {
    report('none ping: no such call')
  } else {
    await end.ping(PING)
    report('ok ping')
  }
  if (closer === 'client') await end.close(CLIENT_CLOSE.code, CLIENT_CLOSE.reason)
  else await end.send(CLOSE_REQUEST, false)
  const { code, reason } = await end.closed
  report(`closed ${code} ${reason}`)
}

function same(a, b) {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function describe(message) {
  return typeof message === 'string' ? JSON.stringify(message) : `${message?.length} bytes`
}

/** Messages that came, for a client that is told of them by events. */
export class Inbox {
  #messages = []
  #waiting = []

  push(message) {
    const waiting = this.#waiting.shift()
    if (waiting) waiting.resolve(message)
    else this.#messages.push(message)
  }

  fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  receive() {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
}
