// Who is there now, where many come and go. A `Set` would do, but for V8: once a set is old, each new table that it makes after so many
// changes is old too, and the one before keeps whoever was in it alive until the next full collection. Half of all connections lived on
// so, which took a tenth of the time of an upgrade.

/** Members in no order, each at a place of its own until it leaves. */
export class Members<T extends object> {
  readonly #places: (T | undefined)[] = []
  readonly #free: number[] = []
  #asSet: Set<T> | undefined

  /** Adds a member that is not there; gives its place, for {@linkcode remove}. */
  add(member: T): number {
    const place = this.#free.pop() ?? this.#places.length
    this.#places[place] = member
    this.#asSet?.add(member)
    return place
  }

  /** The member at that place leaves. */
  remove(place: number): void {
    this.#asSet?.delete(this.#places[place]!)
    this.#places[place] = undefined
    this.#free.push(place)
  }

  /** All that are there now, as a list of its own. */
  list(): T[] {
    return this.#places.filter((member) => member !== undefined)
  }

  /** The same as a set, which follows what happens; made for who asks. */
  get asSet(): ReadonlySet<T> {
    return this.#asSet ??= new Set(this.list())
  }
}
