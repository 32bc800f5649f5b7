// What the codec suite measures.

/** One comparison. */
export interface CodecCase {
  work: 'decode' | 'encode server' | 'encode client' | 'encode server, 64 a call' | 'encode client, 64 a call'
  type: 'text' | 'binary'
  /** Of one message's payload, in bytes. */
  size: number
}

const sizes = [16, 125, 1024, 16384, 65536, 2 ** 20]
const works: CodecCase['work'][] = [
  'decode',
  'encode server',
  'encode client',
  'encode server, 64 a call',
  'encode client, 64 a call',
]

/** Every case, in the order of the table. */
export function codecCases(): CodecCase[] {
  const all = works.flatMap((work) =>
    (['text', 'binary'] as const).flatMap((type) => sizes.map((size) => ({ work, type, size })))
  )
  return all.filter(({ work, size }) => !work.endsWith('a call') || size <= 1024)
}
