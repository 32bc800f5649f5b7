// Law: bytes are bytes, whichever realm made their memory: test runners and sandboxes have globals of their own.

import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { FrameEncoder, MessageEncoder, Opcode, prepareMessage } from '../../src/index.ts'
import { isBytesLike, toBytes } from '../../src/values/bytes.ts'
import { connect, roles } from '../connection/helpers.ts'

const foreign = <T>(code: string): T => runInNewContext(code) as T
const buffer = (): ArrayBuffer => foreign<ArrayBuffer>('Uint8Array.of(0x68, 0x69).buffer')

test.each(roles)('a %s sends an ArrayBuffer of another realm as bytes', async (role) => {
  const { connection, peer } = connect(role)
  expect(buffer()).not.toBeInstanceOf(ArrayBuffer)
  await connection.send(buffer())
  await connection.writable.getWriter().write(buffer()) // else its string would go out, "[object ArrayBuffer]"
  await connection.send(prepareMessage(buffer()))
  await connection.send(ReadableStream.from([buffer()]) as unknown as ReadableStream<Uint8Array>)
  void connection.ping(buffer())
  expect(await peer.hears()).toEqual(['binary hi', 'binary hi', 'binary hi', 'binary… hi', 'continuation', 'ping hi'])
})

test('an empty view on memory of another realm is not taken for a shared one', () => {
  const empty = foreign<Uint8Array>('new Uint8Array(0)')
  expect(toBytes(empty)).toHaveLength(0)
  expect([...new MessageEncoder().encode({ type: 'binary', data: empty })][0]!.payload).toHaveLength(0)
  const ours = new Uint8Array(foreign<ArrayBuffer>('new ArrayBuffer(0)'))
  expect(new FrameEncoder({ role: 'server' }).encode({ opcode: Opcode.Binary, payload: ours })[0]).toEqual(
    Uint8Array.of(0x82, 0),
  )
})

test('what may change is refused, whichever realm it is of', () => {
  expect(() => toBytes(foreign('new Uint8Array(new SharedArrayBuffer(4))'))).toThrow(/shared memory/)
  expect(() => toBytes(foreign('new ArrayBuffer(4, { maxByteLength: 8 })'))).toThrow(/resizable memory/)
  const gone = buffer()
  structuredClone(gone, { transfer: [gone] })
  expect(() => toBytes(gone)).toThrow(/transferred memory/)
})

test('what only says that it is a buffer is none', () => {
  for (
    const code of ["({ [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 9, length: 9 })", 'new SharedArrayBuffer(4)']
  ) {
    expect(isBytesLike(foreign(code))).toBe(false)
  }
})
