// What the suites `codec` and `streams` measure.

import { size } from '../report.ts'

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
  /** Encode only: so many messages a call, which `ws` has no call for. */
  together?: number
  /** Through the stream doors, one chunk an item or batched; else with the rooms themselves. */
  doors?: 'per item' | 'batched'
}

const sizes = [16, 125, 1024, 16384, 65536, 2 ** 20]
const types = ['text', 'binary'] as const
const roles = ['server', 'client'] as const

/** The rooms. */
export const codecCases: CodecCase[] = [
  ...types.flatMap((type) => sizes.map((size) => decode(type, size))),
  { ...decode('binary', 125), cut: '1-byte drip' },
  { ...decode('binary', 1024), cut: '2-byte fragments' },
  ...roles.flatMap((role) => types.flatMap((type) => sizes.map((size) => encode(role, type, size)))),
  ...roles.flatMap((role) => sizes.slice(0, 3).map((size) => ({ ...encode(role, 'binary', size), together: 64 }))),
]

/** The doors. */
export const streamCases: CodecCase[] = (['per item', 'batched'] as const).flatMap((doors) => [
  ...types.flatMap((type) => sizes.map((size) => ({ ...decode(type, size), doors }))),
  ...roles.flatMap((role) => sizes.map((size) => ({ ...encode(role, 'binary', size), doors }))),
])

/** What a quick look measures of either, by name. */
export const quickCases: readonly string[] = [
  'decode binary, 125 B',
  'decode binary, 1 KiB',
  'decode text, 64 KiB',
  'encode text, server, 125 B',
  'encode binary, client, 64 KiB',
  'decode binary, per item, 125 B',
  'decode binary, batched, 125 B',
]

/** As it stands in the tables: `encode text, client, batched, 125 B`. */
export function nameOf({ work, role, type, size: bytes, cut, together, doors }: CodecCase): string {
  const parts = [
    `${work} ${type}`,
    work === 'encode' && role,
    together && `${together} a call`,
    doors,
    size(bytes),
    cut,
  ]
  return parts.filter((part) => part).join(', ')
}

function decode(type: CodecCase['type'], size: number): CodecCase {
  return { work: 'decode', role: 'client', type, size }
}

function encode(role: CodecCase['role'], type: CodecCase['type'], size: number): CodecCase {
  return { work: 'encode', role, type, size }
}
