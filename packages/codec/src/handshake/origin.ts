// Whether a page may talk to this server (RFC 6455 §10.2). Browsers send cookies along with an upgrade from any page, so
// that a server that does not look at Origin can be driven by a stranger's page (security.md, row 32).

import { demand, equalsIgnoringCase, fieldValues, quote } from './fields.ts'
import { callHook } from './hook-errors.ts'
import type { RequestHead } from './http1.ts'

/**
 * Which origins a server lets in:
 * - `'same-origin'`: the scheme, host and port of the request itself; the opaque origin `null` is refused;
 * - a list of origins such as `https://app.example`, compared regardless of case, default ports and Unicode spelling;
 * - a function that is asked about every request, even one without an Origin, and answers synchronously;
 * - `'all'`: no check.
 *
 * A request without an Origin does not come from a browser and passes; only a function may refuse it.
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
 * {@linkcode canonicalOrigin} gives it. Throws `TypeError` for a policy that is none. `what` starts the errors.
 */
export function judgeOrigin(head: RequestHead, own: string, policy: AllowedOrigins, what: string): void {
  if (policy === 'all') return
  const origins = fieldValues(head.headers, 'Origin')
  demand(origins.length <= 1, 'refused-origin', what, 'at most one Origin', origins)
  if (isAllowed(origins[0], head, own, policy)) return
  // Behind a proxy that ends TLS, the scheme is what is wrong.
  const wanted = policy === 'same-origin' ? `the server's own Origin ${quote(own)}` : 'an Origin that is allowed'
  demand(false, 'refused-origin', what, wanted, origins)
}

/** Throws `TypeError` for a policy that is none, as {@linkcode judgeOrigin} would at a request. */
export function checkAllowedOrigins(policy: AllowedOrigins, what: string): void {
  if (policy === 'all' || policy === 'same-origin' || typeof policy === 'function') return
  if (Array.isArray(policy)) policy.forEach(listedOrigin)
  else {
    throw new TypeError(
      `${what}: allowedOrigins must be a list, a function, "same-origin" or "all", got ${quote(policy)}`,
    )
  }
}

function isAllowed(
  origin: string | undefined,
  head: RequestHead,
  own: string,
  policy: Exclude<AllowedOrigins, 'all'>,
): boolean {
  if (typeof policy === 'function') {
    const answer: unknown = callHook(() => policy(origin, head))
    if (typeof answer === 'boolean') return answer // a promise would count as true and let everybody in
    throw new TypeError(`Cannot judge origin: allowedOrigins must answer true or false, got ${quote(answer)}`)
  }
  const allowed = policy === 'same-origin' ? [own] : policy.map(listedOrigin)
  if (origin === undefined || allowed.includes(origin)) return true
  const canonical = canonicalOrigin(origin)
  return canonical !== undefined && allowed.some((one) => equalsIgnoringCase(one, canonical))
}

/**
 * An origin in one spelling, or undefined for what is none, such as a URL with a path or a user. Those of schemes that are not
 * the web's, such as extensions' pages, keep theirs.
 */
export function canonicalOrigin(text: string): string | undefined {
  if (text !== latest.text) latest = { text, origin: parseOrigin(text) }
  return latest.origin
}

/** What was asked last: a server is asked for its own origin with every request, and to parse a URL takes a microsecond. */
let latest: { readonly text: string; readonly origin: string | undefined } = { text: 'null', origin: 'null' }

function parseOrigin(text: string): string | undefined {
  if (text === 'null') return text
  if (!/^[a-z][a-z0-9+.\-]*:\/\/[^\s\p{Cc}/\\?#@]*$/iu.test(text)) return undefined
  return /^https?:/i.test(text) ? parseUrl(text)?.origin : text
}

/** A URL of the caller's own, or undefined for what is none. */
export function parseUrl(url: string | URL): URL | undefined {
  try {
    return new URL(String(url))
  } catch {
    return undefined
  }
}

function listedOrigin(text: string): string {
  const origin = canonicalOrigin(text)
  // No page has an origin with such a scheme, or a name that would be a pattern.
  if (origin !== undefined && !/^wss?:|\*/i.test(text)) return origin
  throw new TypeError(`Cannot judge origin: want allowed origins such as "https://app.example", got ${quote(text)}`)
}
