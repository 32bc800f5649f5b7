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
export function channelOf(transport: ByteStreams, environment: Pick<Environment, 'defer'>): Channel {
  const offered = (transport as ByteStreams & Partial<ChannelOffer>).asChannel?.()
  if (offered !== undefined) return offered
  checkUnlocked(transport)
  return new StreamChannel(transport, environment)
}

/** Throws `TypeError` where somebody has one of a transport's streams. */
export function checkUnlocked({ readable, writable }: ByteStreams): void {
  if (readable.locked || writable.locked) throw new TypeError('Cannot use transport: its streams are locked already')
}
