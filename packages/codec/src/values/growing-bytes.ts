// Bytes that arrive bit by bit and are wanted as one array. Memory follows what arrived, never what was announced.

/** Makes an array of that many bytes; the content need not be zero, since every byte is written before it is seen. */
export type Allocate = (length: number) => Uint8Array

/** The portable allocator: zeroed memory. */
export const allocateZeroed: Allocate = (length) => new Uint8Array(length)

const FIRST_CAPACITY = 1024

/**
 * Appends and hands out one exact array. Capacity doubles, and jumps to the announced total only once half of it has
 * arrived, so that it never exceeds twice the bytes that came (law 1) and the last growth ends in the exact array.
 */
export class GrowingBytes {
  #bytes: Uint8Array | undefined
  #length = 0
  readonly #allocate: Allocate

  constructor(allocate: Allocate = allocateZeroed) {
    this.#allocate = allocate
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  /** Copies `part` in. `total` is the length at which it will end, as far as anybody said; 0 where nobody did. */
  append(part: Uint8Array, total = 0): void {
    const length = this.#length + part.length
    if (this.#bytes === undefined || length > this.#bytes.length) this.#grow(length, total)
    this.#bytes!.set(part, this.#length)
    this.#length = length
  }

  /** The bytes so far, as an array of exactly their length that nobody else holds; then starts anew. */
  take(): Uint8Array {
    const bytes = this.#bytes ?? new Uint8Array(0)
    const length = this.#length
    this.#bytes = undefined
    this.#length = 0
    if (bytes.length === length) return bytes
    const exact = this.#allocate(length)
    exact.set(bytes.subarray(0, length))
    return exact
  }

  #grow(needed: number, total: number): void {
    let capacity = Math.max(needed, 2 * this.#length, FIRST_CAPACITY)
    if (total >= needed && total <= Math.max(2 * needed, FIRST_CAPACITY)) capacity = total
    const bytes = this.#allocate(capacity)
    if (this.#bytes !== undefined) bytes.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bytes
  }
}
