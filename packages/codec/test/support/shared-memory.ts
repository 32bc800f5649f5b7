// Memory that another thread may change under us, which the codec refuses.

/** A view of shared memory. Pages without cross-origin isolation have it too, but give it no name. */
export function sharedBytes(length: number): Uint8Array {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: new (options: object) => { buffer: SharedArrayBuffer } }
  }
  return new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer, 0, length)
}
