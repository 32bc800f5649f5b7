// First in, first out, at constant cost: an array's own `shift` moves everything that is left.

/** A queue. */
export class Queue<T> {
  #items: T[] = []
  #head = 0

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** The oldest item, left where it is. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the oldest item; undefined where there is none. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]!
    this.#items[this.#head++] = undefined!
    // Cut only where at least half is spent, so that each item is moved once on average.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#head === this.#items.length ? [] : this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes all that wait, oldest first. */
  clear(): T[] {
    const items = this.#items.slice(this.#head)
    this.#items = []
    this.#head = 0
    return items
  }
}
