// What we need of Node itself.

import { requireVersion } from '@wirestream/codec/adapter'
import process from 'node:process'

/** Throws a `NotSupportedError` in a Node that is too old for us. */
export function requireRuntime(): void {
  requireVersion('Node', process.versions.node, '20.0')
}
