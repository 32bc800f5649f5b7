// Law: the echo server gives back what it gets, over TCP and TLS, and says goodbye when it is stopped.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@wirestream/node'
import { makeCertificate, wsClient } from '@wirestream/testing'
import { expect, test } from 'vitest'
import { describeAdapters } from './support.ts'

await describeAdapters((start) => {
  test('ws gets back its texts and bytes, and 1001 on Ctrl-C', async () => {
    await using server = start('echo-server.mjs', '--port', '0')
    const socket = await wsClient(await server.url())
    const sent = ['hällo', '', randomBytes(70_000), randomBytes(1_000_000)]
    const received: (string | Uint8Array)[] = []
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data: Uint8Array, isBinary: boolean) => {
        received.push(isBinary ? data : String(data))
        if (received.length === sent.length) resolve()
      })
    })
    for (const message of sent) socket.send(message)
    await all
    const same = sent.map((message, i) =>
      typeof message === 'string' ? message === received[i] : message.equals(received[i] as Uint8Array)
    )
    expect(same).toEqual([true, true, true, true])

    const closed = new Promise((resolve) => socket.on('close', resolve))
    const { code, stderr } = await server.interrupt()
    expect([await closed, code, stderr]).toEqual([1001, 0, ''])
  })

  test('with a certificate it speaks TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
    try {
      const { cert, key } = makeCertificate()
      writeFileSync(join(folder, 'cert.pem'), cert)
      writeFileSync(join(folder, 'key.pem'), key)
      const files = ['--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem')]
      await using server = start('echo-server.mjs', '--port', '0', ...files)
      const url = await server.url()
      expect(url).toMatch(/^wss:/)
      const connection = await connect(url, { ca: cert })
      await connection.send('hello')
      expect((await connection.readable.getReader().read()).value).toBe('hello')
      connection.close()
      await connection.closed
      expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
