// Counts the data that goes out between the moment when a control frame could go and the moment when it goes.

/** Watches what `observe` shows of one end. */
export class ControlWatch {
  #opcode
  #waiting = false
  /** Data frames, and bytes of them, that went out before the control frame; undefined until it has gone. */
  before
  #counted = { fragments: 0, bytes: 0 }

  /** `opcode` is that of the control frame. */
  constructor(opcode) {
    this.#opcode = opcode
  }

  /** From now on it could go. */
  start() {
    this.#waiting = true
  }

  /** A frame went out. */
  sent({ opcode, payloadLength, offset }) {
    if (!this.#waiting) return
    if (opcode === this.#opcode) {
      this.#waiting = false
      this.before = this.#counted
    } else if (opcode < 8 && offset === 0) {
      this.#counted.fragments++
      this.#counted.bytes += payloadLength
    }
  }
}
