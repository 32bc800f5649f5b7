// What only the adapter for Bun has, as tests for Bun. Imports the adapter when a test runs, since their names are read in Node.

import { makeCertificate } from '@wirestream/testing'
import type { SuiteTest } from '@wirestream/testing/adapter-suite'
import assert from 'node:assert/strict'

export const ownTests: readonly SuiteTest[] = [
  {
    name: 'rejectUnauthorized: false takes any certificate, and nothing that is no TLS',
    async run() {
      const { connect, serve } = await import('@wirestream/bun')
      const any = { rejectUnauthorized: false, handshakeTimeout: 5000 }
      for (const names of [['localhost', '127.0.0.1'], ['other.example']]) {
        await using listener = await serve(
          { tls: makeCertificate(names) },
          ({ readable, writable }) => readable.pipeTo(writable),
        )
        for (const options of [any, { ...any, ca: makeCertificate().cert }]) {
          await using connection = await connect(listener.url, options)
          await connection.send('hi')
          assert.equal((await connection.readable.getReader().read()).value, 'hi')
        }
      }
      await using plain = await serve({ onError() {} }, () => {})
      await assert.rejects(connect(plain.url.replace('ws:', 'wss:'), any), / with TLS: /)
    },
  },
]
