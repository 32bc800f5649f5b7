// The standard's `WebSocketStream`, opened by our `connect`.

import { BaseWebSocketStream, type WebSocketStreamOptions } from '@wirestream/codec/adapter'
import { connect, type ConnectOptions } from './connect.ts'

/** The standard's options and those of `connect`. */
export interface WebSocketStreamInit
  extends WebSocketStreamOptions, Omit<ConnectOptions, keyof WebSocketStreamOptions> {}

/** `WebSocketStream` as the standard has it; see `BaseWebSocketStream`. */
export class WebSocketStream extends BaseWebSocketStream<WebSocketStreamInit> {
  /** Starts to connect. Throws `SyntaxError` and `TypeError` as the standard says; what fails later rejects `opened` and `closed`. */
  constructor(url: string | URL, options?: WebSocketStreamInit) {
    super(url, options, connect)
  }
}
