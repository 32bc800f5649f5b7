// First in, first out, at constant cost and without garbage: a ring that doubles when it is full. An array's own `shift` moves
// everything that is left.

const FIRST_CAPACITY = 8 // a power of two, as all capacities are, so that places wrap with a mask

/** A queue. */
export class Queue<T> {
  #ring: (T | undefined)[] | undefined
  #head = 0
  #length = 0

  /** How many items wait. */
  get length(): number {
    return this.#length
  }

  /** The oldest item, left where it is. */
  get first(): T | undefined {
    return this.#ring?.[this.#head]
  }

  push(item: T): void {
    if (this.#ring === undefined || this.#length === this.#ring.length) this.#grow()
    const ring = this.#ring!
    ring[(this.#head + this.#length++) & (ring.length - 1)] = item
  }

  /** Takes the oldest item; undefined where there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const ring = this.#ring!
    const item = ring[this.#head]
    ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (ring.length - 1)
    this.#length--
    return item
  }

  /** Takes all that wait, oldest first. */
  clear(): T[] {
    const items: T[] = []
    while (this.#length > 0) items.push(this.shift()!)
    this.#ring = undefined
    this.#head = 0
    return items
  }

  #grow(): void {
    const ring: (T | undefined)[] = this.clear()
    this.#length = ring.length
    const capacity = Math.max(FIRST_CAPACITY, 2 * ring.length)
    while (ring.length < capacity) ring.push(undefined)
    this.#ring = ring
  }
}
