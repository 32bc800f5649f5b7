// `wirestream connect`: standard input goes out as messages, what comes is printed. Both directions wait for whoever is slow: the
// peer, or the reader of standard output.

import { constants } from 'node:os'
import process from 'node:process'
import { connect, type Connection, type Observe, Opcode } from '@wirestream/node'
import { blameArguments } from './arguments.ts'
import { readConnectRequest } from './connect-request.ts'
import { describeFailure } from './failure.ts'
import { checkInput, sendInput } from './input.ts'
import { Output, OutputClosed } from './output.ts'
import { printMessage } from './print.ts'
import { oneLine } from './printable.ts'
import { onStop } from './signals.ts'

/** Runs the command; gives the exit code. Throws what kept the connection from opening or broke it. */
export async function connectCommand(args: string[]): Promise<number> {
  const { binary, linger, maxMessageSize, timeout, url, ...request } = readConnectRequest(args)
  checkInput()
  const limits = maxMessageSize === undefined ? {} : { maxMessageSize }
  const output = new Output()
  let parts = 0
  // A ping says only that the peer is alive, which it may for ever; a long message speaks with each part.
  const observe: Observe = (direction, { opcode }) => void (direction === 'in' && opcode < Opcode.Close && parts++)
  const connection = await connect(url, { ...request, handshakeTimeout: timeout, limits, observe })
    .catch(blameArguments)
  let code = 0
  const forget = onStop((signal) => {
    code = 128 + constants.signals[signal]
    connection.close({ closeCode: 1000 })
    process.stdin.destroy() // a message that still flows from it may have no end, which closing would wait for
  })
  try {
    greet(connection, binary)
    const sending = sendInput(connection, { binary, linger, heard: () => parts, isHeldUp: () => output.isFull })
    await printMessages(connection, output, maxMessageSize !== undefined)
    await output.flush()
    const { closeCode, reason } = await connection.closed
    process.stderr.write(`closed: ${closeCode}${reason === '' ? '' : ` ${oneLine(reason)}`}\n`)
    const fault = await sending
    if (fault !== undefined && code === 0) throw fault
    return code
  } catch (error) {
    if (code === 0 || error instanceof OutputClosed) throw error
    process.stderr.write(`wirestream: ${describeFailure(error)}\n`)
    return code
  } finally {
    forget()
    await connection[Symbol.asyncDispose]()
  }
}

function greet({ protocol }: Connection, binary: boolean): void {
  if (!process.stdin.isTTY) return
  const spoken = protocol === '' ? '' : `, speaking ${protocol}`
  const sent = binary ? 'all input is sent as one binary message' : 'each line is sent as a message'
  process.stderr.write(`connected${spoken}; ${sent}, Ctrl-D ends\n`)
}

async function printMessages(connection: Connection, output: Output, whole: boolean): Promise<void> {
  for await (const message of connection.messages()) await printMessage(message, output, whole)
}
