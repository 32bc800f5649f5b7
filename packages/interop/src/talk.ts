// One conversation between a client and a server that run already or are started for it. Owns the time that each may take.

import { type Command, Program } from './program.ts'
import { openTap } from './tap.ts'
import { type Closer, type Conversation, judge, readTranscript } from './transcript.ts'

/** How long a server may take to listen, and a conversation to end, in milliseconds. */
const patience = { start: 30_000, conversation: 30_000, end: 5_000, endAfterFailure: 1_000 }

/** A server that listens. */
export interface RunningServer {
  port: number
  /** What a server of ours puts before each line of a connection: the target that was asked for. */
  tellsTargets: boolean
  program: Program
}

/** Whatever can be sent to talk to a URL: a process, or a page of a browser. Gives the lines of its report. */
export type Client = (url: string, closer: Closer) => Promise<string[]>

/** Starts a server and waits till it says its port. Rejects with what it wrote where it does not. */
export async function startServer(command: Command, tellsTargets: boolean): Promise<RunningServer> {
  const program = new Program(command)
  const line = await program.find('port ', patience.start)
  if (line === undefined) {
    await program.end()
    throw new Error(`Cannot start server: ${program.ending ?? 'no port'}\n${program.errors}`)
  }
  return { port: Number(program.lines[line]!.slice(5)), tellsTargets, program }
}

/** A client that is a process: started for one conversation. */
export function processClient(command: Command): Client {
  return async (url, closer) => {
    const program = new Program({ ...command, run: [...command.run, url, closer] })
    const inTime = await program.ended(patience.conversation)
    await program.end()
    if (!inTime) return [...program.lines, `fail it did not end within ${patience.conversation / 1_000} s`]
    if (program.ending === 'exit code 0') return program.lines
    const words = program.errors.trim().split('\n').slice(-4).join(' | ')
    return [...program.lines, `fail ended with ${program.ending}: ${words}`]
  }
}

let conversations = 0

/** Holds one conversation, through the proxy with TLS where there is one, and gives what both ends report. */
export async function talk(
  client: Client,
  server: RunningServer,
  closer: Closer,
  proxyPort?: number,
): Promise<Conversation> {
  return await talkAt(
    proxyPort === undefined ? `ws://127.0.0.1:${server.port}` : `wss://127.0.0.1:${proxyPort}`,
    client,
    server,
    closer,
  )
}

async function talkAt(base: string, client: Client, server: RunningServer, closer: Closer): Promise<Conversation> {
  const { program, tellsTargets } = server
  const target = `/conversation-${++conversations}`
  const from = program.lines.length
  const clientLines = await client(base + target, closer)
  const prefix = tellsTargets ? `${target} ` : ''
  // The last line of a server of ours counts the frames; a peer's says how it saw the end.
  const failed = clientLines.some((line) => line.startsWith('fail '))
  const wait = failed ? patience.endAfterFailure : patience.end
  await program.find(`${prefix}${tellsTargets ? 'frames' : 'closed'}`, wait, from)
  const serverLines = program.lines.slice(from).flatMap((line) =>
    line.startsWith(prefix) ? [line.slice(prefix.length)] : []
  )
  if (program.ending !== undefined) serverLines.push(`fail ended with ${program.ending}: ${program.errors.slice(-400)}`)
  return { closer, client: readTranscript(clientLines), server: readTranscript(serverLines) }
}

/** The same conversation once more over a wire that remembers: what went wrong this time, and the bytes. */
export async function talkTapped(client: Client, server: RunningServer, closer: Closer): Promise<string[]> {
  await using tap = await openTap(server.port)
  const conversation = await talkAt(`ws://127.0.0.1:${tap.port}`, client, server, closer)
  return [...judge(conversation), ...tap.describe()]
}
