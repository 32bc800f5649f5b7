// RFC 6455 §4.1: a client of wss says in TLS which host it wants (SNI). rule 4.

import { connect, serve } from '@wirestream/node'
import { makeCertificate } from '@wirestream/testing'
import { createSecureContext } from 'node:tls'
import { expect, test } from 'vitest'
import { echo } from './support.ts'

const certificate = makeCertificate(['localhost', '127.0.0.1', 'chosen.example'])

test("the server is told the URL's host name, or servername in its place; never an address", async () => {
  const asked: string[] = []
  const context = createSecureContext(certificate)
  await using listener = await serve({
    tls: {
      ...certificate,
      SNICallback: (name, done) => {
        asked.push(name)
        done(null, context)
      },
    },
  }, echo)
  const options = { ca: certificate.cert }
  const open = async (host: string, more: { servername?: string } = {}): Promise<void> => {
    await using _ = await connect(`wss://${host}:${listener.port}/`, { ...options, ...more })
  }
  await open('localhost')
  await open('127.0.0.1', { servername: 'chosen.example' })
  await open('127.0.0.1')
  expect(asked).toEqual(['localhost', 'chosen.example'])
})
