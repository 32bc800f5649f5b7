// The thread between a stream and its connection.

/**
 * What a stream belongs to, until that has ended. Node 26 makes closures for each stream that V8 puts straight into its old space; dead,
 * they keep the stream alive until the next full collection, which must not keep the whole connection alive with it.
 */
export interface Link<T> {
  to: T | undefined
}
