// Which channel a transport is: one of its own, or one over its streams.

import type { ByteStreams } from '../values/types.ts'
import type { Channel } from './channel.ts'
import { Duplex } from './duplex.ts'
import { StreamChannel } from './stream-channel.ts'

/** The channel in a transport; its streams are locked from now on. Throws `TypeError` where they are locked already. */
export function channelOf(transport: ByteStreams): Channel {
  if (transport instanceof Duplex && transport.claim()) return transport
  if (transport.readable.locked || transport.writable.locked) {
    throw new TypeError('Cannot use transport: its streams are locked already')
  }
  return new StreamChannel(transport)
}
