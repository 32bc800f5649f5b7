// Errors as one line for people: what was tried, and why it failed, down to the system's word for it. What a peer wrote
// into it cannot drive a terminal.

import { UpgradeError } from '@wirestream/node'
import { oneLine } from './printable.ts'

/** OpenSSL's errors come with its source file; the reason in the midst is what they are about. */
const openSsl = /[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^:]*:\d+:/g

/** The system's words for a certificate that nobody who is trusted has signed. */
const untrusted: readonly unknown[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

/** One line, without line breaks or control characters. */
export function describeFailure(error: unknown): string {
  const parts: string[] = []
  let remedy = ''
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = causeOf(at)) {
    const message = messageOf(at)
    if (message !== '' && !parts.some((part) => part.includes(message))) parts.push(message)
    if (untrusted.includes((at as { code?: unknown } | null)?.code)) {
      remedy = ' (--ca FILE trusts it, --insecure takes any)'
    }
  }
  return oneLine(parts.join(': ') + remedy)
}

function messageOf(error: unknown): string {
  // A name with several addresses fails once for each of them.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join(', ')
  if (error instanceof UpgradeError) return `${error.message}${bodyOf(error)}`
  return (error instanceof Error ? error.message : String(error)).replace(openSsl, '$1').trim()
}

/** What a refusal says, if it is short and plain enough to be meant for people. */
function bodyOf({ body, headers }: UpgradeError): string {
  const plain = headers.some(([name, value]) => /^content-type$/i.test(name) && /^text\/plain/i.test(value))
  const text = new TextDecoder().decode(body.subarray(0, 200)).trim()
  return plain && text !== '' ? `: ${text}` : ''
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}
