// What the suites `codec` and `streams` measure.

import { size } from '../format.ts'

/** One piece of work. */
export interface CodecCase {
  /** Decode: masked frames to messages. Encode: messages to chunks for the socket. */
  work: 'decode' | 'encode'
  /** Who encodes: clients mask. */
  role: 'client' | 'server'
  type: 'text' | 'binary'
  /** Of one message's payload, in bytes. */
  size: number
  /** Decode only: bytes one at a time, or messages in fragments of two bytes. */
  cut?: '1-byte drip' | '2-byte fragments'
}

/**
 * How our side does it. The rooms take what is at hand in one call, as a connection does with what one turn of the event loop
 * brought, or one message a call; the doors pass one chunk an item, or one for many.
 */
export type Form = 'rooms' | 'one a call' | 'per item' | 'batched'

/** A piece of work and our ways of doing it, measured in the same rounds. */
export interface CodecGroup {
  one: CodecCase
  forms: readonly Form[]
}

const sizes = [16, 125, 1024, 16384, 65536, 2 ** 20]
const types = ['text', 'binary'] as const
const roles = ['server', 'client'] as const

const decodes: CodecCase[] = types.flatMap((type) => sizes.map((size) => decode(type, size)))
const encodes: CodecCase[] = roles.flatMap((role) =>
  types.flatMap((type) => sizes.map((size) => ({ work: 'encode', role, type, size }) as const))
)

/** The rooms. */
export const codecGroups: CodecGroup[] = [
  ...decodes.map((one) => ({ one, forms: ['rooms'] as const })),
  { one: { ...decode('binary', 125), cut: '1-byte drip' }, forms: ['rooms'] },
  { one: { ...decode('binary', 1024), cut: '2-byte fragments' }, forms: ['rooms'] },
  ...encodes.map((one) => ({
    one,
    forms: together(one) === 1 ? ['rooms'] as const : ['rooms', 'one a call'] as const,
  })),
]

/** The doors. */
export const streamGroups: CodecGroup[] = [...decodes, ...encodes.filter(({ type }) => type === 'binary')].map((
  one,
) => ({
  one,
  forms: ['per item', 'batched'],
}))

/** What a quick look measures of either, by the name of its first form. */
export const quickCases: readonly string[] = [
  'decode binary, 125 B',
  'decode binary, 1 KiB',
  'decode text, 64 KiB',
  'encode text, server, 125 B',
  'encode binary, client, 64 KiB',
  'decode binary, per item, 125 B',
]

/** As it stands in the tables: `encode text, client, one a call, 125 B`. */
export function nameOf({ work, role, type, size: bytes, cut }: CodecCase, form: Form): string {
  const parts = [`${work} ${type}`, work === 'encode' && role, form !== 'rooms' && form, size(bytes), cut]
  return parts.filter((part) => part).join(', ')
}

/** How many messages go in together: 64, or as many as make so many bytes; for a call of the rooms the 64 KiB at which a connection writes at once. */
export function together({ size }: CodecCase, bytes = 65536): number {
  return Math.min(64, Math.max(1, Math.floor(bytes / size)))
}

function decode(type: CodecCase['type'], size: number): CodecCase {
  return { work: 'decode', role: 'client', type, size }
}
