// Which channel a transport is: one of its own, or one over its streams.

import type { ByteStreams } from '../values/types.ts'
import type { Channel } from './channel.ts'
import type { Environment } from './environment.ts'
import { StreamChannel } from './stream-channel.ts'

/** A transport that offers a channel, so that there need be no streams in between. Known by its method, not by its class: that is heavy. */
export interface ChannelOffer {
  /** The channel, taken from now on; undefined where somebody has it or its streams already. */
  asChannel(): Channel | undefined
}

/** The channel in a transport; its streams are locked from now on. Throws `TypeError` where they are locked already. */
export function channelOf(transport: ByteStreams | ChannelOffer, environment: Pick<Environment, 'defer'>): Channel {
  const offered = 'asChannel' in transport ? transport.asChannel() : undefined
  if (offered !== undefined) return offered
  const { readable, writable } = transport as ByteStreams
  if (readable.locked || writable.locked) throw new TypeError('Cannot use transport: its streams are locked already')
  return new StreamChannel({ readable, writable }, environment)
}
