// Whether a page may talk to this server (RFC 6455 §10.2). Browsers send cookies along with an upgrade from any page, so
// that a server that does not look at Origin can be driven by a stranger's page (security.md, row 32).

import { ProtocolError } from '../values/protocol-error.ts'
import { asciiLowerCase, fieldValues, quote } from './fields.ts'
import type { RequestHead } from './http1.ts'

/**
 * Which origins a server lets in:
 * - `'same-origin'`: the scheme, host and port of the request itself; the opaque origin `null` is refused;
 * - a list of origins such as `https://app.example`, compared without case, default ports and Unicode spelling;
 * - a function that is asked for every request, also for one without an Origin; it answers at once;
 * - `'all'`: no check.
 *
 * A request without an Origin comes from no browser and passes all but the function.
 */
export type AllowedOrigins =
  | 'same-origin'
  | 'all'
  | readonly string[]
  | OriginJudge

/** Says whether a request from this origin may pass; undefined where the request has none. */
export type OriginJudge = (origin: string | undefined, head: RequestHead) => boolean

/**
 * Throws `ProtocolError` `refused-origin` unless the policy lets the request in; `own` is the server's own origin, as
 * {@linkcode webOrigin} gives it. Throws `TypeError` for a policy that is none.
 */
export function judgeOrigin(head: RequestHead, own: string, policy: AllowedOrigins): void {
  if (policy === 'all') return
  const origins = fieldValues(head.headers, 'Origin')
  if (origins.length > 1) throw refused(`want at most one Origin, got ${origins.length}`)
  const [origin] = origins
  if (typeof policy === 'function') {
    if (!ask(policy, origin, head)) {
      throw refused(`origin ${origin === undefined ? 'none' : quote(origin)} is not allowed`)
    }
    return
  }
  const allowed = policy === 'same-origin' ? [own] : policy.map(listedOrigin)
  if (origin === undefined) return
  const canonical = canonicalOrigin(origin)
  if (canonical === undefined || !allowed.includes(canonical)) throw refused(`origin ${quote(origin)} is not allowed`)
}

/** An http or https origin in its one spelling, or undefined for anything else, such as a URL with a path or a user. */
export function webOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^\s\p{Cc}/\\?#@]+$/iu.test(text)) return undefined
  try {
    return new URL(text).origin
  } catch {
    return undefined
  }
}

/** One spelling for each origin; those of schemes that are not the web's, such as extensions' pages, keep theirs. */
function canonicalOrigin(text: string): string | undefined {
  if (text === 'null') return text
  if (/^https?:/i.test(text)) return webOrigin(text)
  return /^[a-z][a-z0-9+.\-]*:\/\/[^\s\p{Cc}/\\?#@]*$/iu.test(text) ? asciiLowerCase(text) : undefined
}

function listedOrigin(text: string): string {
  const origin = canonicalOrigin(text)
  if (origin !== undefined) return origin
  throw new TypeError(`Cannot judge origin: want allowed origins such as "https://app.example", got ${quote(text)}`)
}

/** A promise would count as true; that must not let everybody in. */
function ask(policy: OriginJudge, origin: string | undefined, head: RequestHead): boolean {
  const answer: unknown = policy(origin, head)
  if (typeof answer === 'boolean') return answer
  throw new TypeError(`Cannot judge origin: allowedOrigins must answer true or false, got ${quote(answer)}`)
}

function refused(fault: string): ProtocolError {
  return new ProtocolError('refused-origin', `Cannot accept upgrade: ${fault}`)
}
