// The closing handshake as a table (RFC 6455 §1.4, §7): in which state which event leads where, and what is done about it.
// docs/connection.md draws it. Everything that ends a connection goes through here, so that every end is bounded.

/** Where a connection stands in its closing handshake. */
export type ClosingState =
  /** Data flows both ways. */
  | 'open'
  /** We want to close; what was accepted before still goes out. */
  | 'flushing'
  /** Our Close is out; the peer's is awaited, and its data is discarded. */
  | 'closing'
  /** The peer's Close came; ours waits for the end of a frame under way. */
  | 'replying'
  /** Both Close frames have passed; the transport's end is awaited. */
  | 'handshaken'
  /** We failed the connection; nothing that comes is looked at any more. */
  | 'failing'
  /** The transport is gone. */
  | 'ended'

/** What happens to a connection that is about its end. */
export type ClosingEvent =
  /** The application closes. */
  | 'close'
  /** All that goes before our Close is out. */
  | 'flushed'
  /** The peer's Close came. */
  | 'close-received'
  /** The peer broke a rule, or we cannot go on. */
  | 'failure'
  /** The transport ended or broke. */
  | 'end'
  /** The wait of this state took too long. */
  | 'timeout'

/** What a step does. */
export type ClosingAction =
  /** Send a Close frame, unless the code is one that is never sent. */
  | 'send-close'
  /** End our direction of the transport, once what is queued is out. */
  | 'shutdown'
  /** As `shutdown`, for a server; a client lets the server go first (RFC 6455 §7.1.1). */
  | 'shutdown-as-server'
  /** Cut the transport. */
  | 'abort'
  /** Start the clock of the new state, anew. */
  | 'start-timer'

/** One step of the table. */
export interface ClosingStep {
  readonly next: ClosingState
  readonly actions: readonly ClosingAction[]
}

const cut: ClosingStep = { next: 'ended', actions: ['abort'] }
const over: ClosingStep = { next: 'ended', actions: [] }
const reply: ClosingStep = { next: 'replying', actions: ['start-timer'] }
const fail: ClosingStep = { next: 'failing', actions: ['send-close', 'shutdown', 'start-timer'] }

/** The table. An event that a state does not list changes nothing. */
export const closingTable: Readonly<Record<ClosingState, Readonly<Partial<Record<ClosingEvent, ClosingStep>>>>> = {
  open: {
    close: { next: 'flushing', actions: ['start-timer'] },
    'close-received': reply,
    failure: fail,
    end: over,
  },
  flushing: {
    flushed: { next: 'closing', actions: ['send-close', 'start-timer'] },
    'close-received': reply,
    failure: fail,
    end: over,
    timeout: cut,
  },
  closing: {
    'close-received': { next: 'handshaken', actions: ['shutdown-as-server', 'start-timer'] },
    failure: { next: 'failing', actions: ['shutdown', 'start-timer'] },
    end: over,
    timeout: cut,
  },
  replying: {
    flushed: { next: 'handshaken', actions: ['send-close', 'shutdown-as-server', 'start-timer'] },
    failure: fail,
    end: over,
    timeout: cut,
  },
  handshaken: { end: over, timeout: cut },
  failing: { end: over, timeout: cut },
  ended: {},
}
