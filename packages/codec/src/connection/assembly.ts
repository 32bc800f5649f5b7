// A message that came in parts, until somebody takes it; with the leases of the chunks that it keeps views of.

import { MessageAssembler } from '../message/assembler.ts'
import { type Lease, Leases } from './lease.ts'
import type { DataPart } from './protocol.ts'

/** Collects one message after another. */
export class Assembly extends MessageAssembler {
  #leases = new Leases()

  /** Adds a part. */
  add({ frame, lease }: DataPart): void {
    if (this.append(frame)) this.#leases.add(lease)
    else lease?.release()
  }

  /** The message as an exact array of its own. */
  override take(): Uint8Array {
    const bytes = super.take()
    this.#leases.release()
    return bytes
  }

  /** The lease of what `takeParts` gave, and of the last part beside it. */
  takeLease(last: Lease | undefined): Leases {
    const leases = this.#leases
    leases.add(last)
    this.#leases = new Leases()
    return leases
  }
}
