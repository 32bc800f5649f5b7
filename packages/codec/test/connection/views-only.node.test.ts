// Law: where small payloads are views like large ones, as in Deno, everything is as it is elsewhere. So the same tests run again; in
// Node only, since the matrix has all files in one module, where each is run once.

import { useViewsOnly } from '../../src/adapter/index.ts'

useViewsOnly()

await import('./lease.test.ts')
await import('./messages.test.ts')
await import('./readable.test.ts')
