// What a peer reports of one conversation, and the judgement of it. Pure: lines in, faults out.

/** Who closes first. */
export type Closer = 'client' | 'server'

/** The exchanges of a conversation, in their order, as peers name them. */
export const steps = ['text', 'binary', 'large', 'fragmented', 'ping'] as const

/** What peers of ours counted on the wire. */
export interface FrameCounts {
  /** The most frames that one incoming message had. */
  fragments: number
  pings: number
  pongsSent: number
  pongs: number
}

/** One end's report. */
export interface Transcript {
  /** Steps that went as they should. */
  ok: ReadonlySet<string>
  /** What the peer's API cannot do, and why. */
  none: ReadonlyMap<string, string>
  /** What went wrong, in the peer's own words. */
  failures: readonly string[]
  /** How it saw the connection end: `3001 done`. */
  closed: string | undefined
  /** Pongs that a server saw. */
  pongs: number
  frames: FrameCounts | undefined
}

/** What the sides must see in the end: the client's Close, or the server's. */
export const closes: Readonly<Record<Closer, string>> = { client: '3001 done', server: '3002 as you wish' }

/** Reads the lines of one end. Lines that no peer of ours would write are left alone: libraries like to log. */
export function readTranscript(lines: readonly string[]): Transcript {
  const after = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length))
  const none = after('none ').map((line) => line.split(/: (.*)/s))
  const frames = after('frames ').at(-1)
  return {
    ok: new Set(after('ok ')),
    none: new Map(none.map(([what = '', why = '']) => [what, why])),
    failures: after('fail '),
    closed: after('closed ').at(-1)?.trimEnd(),
    pongs: lines.filter((line) => line === 'pong').length,
    frames: frames === undefined ? undefined : JSON.parse(frames) as FrameCounts,
  }
}

/** A conversation between one end of ours and one of a peer, who may be ours too. */
export interface Conversation {
  closer: Closer
  client: Transcript
  server: Transcript
}

/** Everything that is not as it should be, one line a fault; empty where all went well. */
export function judge({ closer, client, server }: Conversation): string[] {
  const faults = [
    ...client.failures.map((failure) => `client: ${failure}`),
    ...server.failures.map((failure) => `server: ${failure}`),
  ]
  for (const step of steps) {
    if (!client.ok.has(step) && !client.none.has(step)) faults.push(`client: no answer to ${step}`)
  }
  const { none } = closer === 'client' ? client : server
  const wanted = none.has('reason') ? closes[closer].split(' ')[0]! : closes[closer]
  judgeEnd('client', client, closer === 'client' ? undefined : wanted, faults)
  judgeEnd('server', server, closer === 'server' ? undefined : wanted, faults)
  for (const [end, other] of [[client, server], [server, client]] as const) {
    if (end.frames === undefined) continue
    const { pings, pongsSent } = end.frames
    if (pongsSent < pings) faults.push(`${pings} pings came, ${pongsSent} pongs went`)
    if (other.pongs > 0 && other.pongs < pings) faults.push(`of ${pings} pongs the peer saw ${other.pongs}`)
  }
  return faults
}

/** Who is told of a Close must see `wanted`; who closes itself sees the answer, where peers may differ. */
function judgeEnd(name: Closer, { closed, none }: Transcript, wanted: string | undefined, faults: string[]): void {
  if (none.has('closed')) return
  if (closed === undefined) faults.push(`${name}: saw no end`)
  else if (wanted !== undefined && closed !== wanted) faults.push(`${name}: closed with ${closed}, wanted ${wanted}`)
  else if (/^1006\b/.test(closed)) faults.push(`${name}: closed with 1006 after its own Close`)
}

/** The answer to its own Close, where that says something else than the Close did. */
export function differentAnswer({ closer, client, server }: Conversation): string | undefined {
  const { closed } = closer === 'client' ? client : server
  const [code] = closes[closer].split(' ')
  return closed === undefined || closed.split(' ')[0] === code ? undefined : closed
}
