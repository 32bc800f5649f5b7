// Law: where small payloads are views like large ones, as in Deno, everything is as it is elsewhere. So the same tests run again.

import { useViewsOnly } from '../../src/index.ts'

useViewsOnly()

await import('./lease.test.ts')
await import('./messages.test.ts')
await import('./readable.test.ts')
