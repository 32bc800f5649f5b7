// Memory outside V8's heap that is collected in time. Owns the garbage that it makes for that.

/** Below this many bytes an array's own objects are a quarter of it already. */
const FROM = 4096

/** For how many bytes outside one unit of ballast counts, of eight bytes: a quarter, so that the youngest MiB stands for four. */
const BYTES_A_UNIT = 32

/** The longest piece: a longer one would not be young. */
const LONGEST = 8192

/** The last piece: what nobody could reach, the compiler would leave out. */
const ballast: { last: unknown[] } = { last: [] }

/**
 * The same memory, with young garbage beside it. V8 starts a short collection when the young part of its heap is full, whatever lies
 * outside; from V8 13 on, arrays of 64 MiB may wait for it, and by then the limit of memory outside the heap has started a full
 * collection, which marks everything. With ballast the short one comes first (docs/decisions/0026).
 */
export function withBallast(allocate: (length: number) => Uint8Array): typeof allocate {
  return (length) => {
    if (length >= FROM) {
      for (let left = length / BYTES_A_UNIT; left >= 1; left -= LONGEST) {
        ballast.last = new Array(Math.min(left, LONGEST) | 0)
      }
    }
    return allocate(length)
  }
}
