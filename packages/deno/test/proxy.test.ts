// Law: in Deno, too, a `dial` of one's own can speak with a proxy before TLS does.

import { findRuntime } from '@wirestream/runtimes'
import { throughProxy } from '@wirestream/testing'
import process from 'node:process'
import { expect, test } from 'vitest'

const deno = await findRuntime('Deno')

if ('missing' in deno) {
  test(`not run: Deno: ${deno.missing}`, (context) => {
    expect(process.env['CI'], 'CI has every runtime').toBeUndefined()
    context.skip()
  })
} else {
  test('a client reaches a server of TLS through a proxy', async () => {
    const args = ['run', '--allow-all', '--no-check', '--conditions=@wirestream/source']
    const { asked, output } = await throughProxy(deno.program, args, new URL('proxy.ts', import.meta.url))
    expect(output).toBe('HTTP/1.1 200 Connection established\nhello\n')
    expect(asked).toEqual([expect.stringMatching(/^CONNECT inside\.example:\d+ HTTP\/1\.1$/)])
  })
}
