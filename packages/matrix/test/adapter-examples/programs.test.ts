// Law: the examples of the adapters are the same programs, import aside; each says how to use it, and fails in one line.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { portOf } from '@wirestream/testing'
import { describe, expect, test } from 'vitest'
import { adapters, commandsOf, describeAdapters, filesOf, folderOf } from './support.ts'

/** What each runtime does in its own way. */
const ownWays = ['proxy/listen.mjs']
/** What other examples import. */
const parts = [...ownWays, 'proxy/relay.mjs', 'proxy/upgrade.mjs']
const servers = ['chat.mjs', 'echo-server.mjs', 'file-server.mjs', 'proxy/proxy.mjs']
const programs = [...servers, 'file-client.mjs', 'tls-client.mjs'].sort()

describe.each(adapters)('the examples of %s', (adapter) => {
  test('are all there', () => {
    expect(filesOf(adapter)).toEqual([...programs, ...parts].sort())
  })

  test.each([...programs, ...parts])('%s imports this adapter and no other', (file) => {
    const text = readFileSync(join(folderOf(adapter), file), 'utf8')
    const packages = new Set(Array.from(text.matchAll(/@wirestream\/\w+/g), ([name]) => name))
    packages.delete(`@wirestream/${adapter}`)
    expect([...packages]).toEqual([])
  })

  test.each(filesOf('node').filter((file) => !ownWays.includes(file)))(
    '%s is the same in Node, import aside',
    (file) => {
      const text = readFileSync(join(folderOf(adapter), file), 'utf8')
      const inNode = readFileSync(join(folderOf('node'), file), 'utf8')
      expect(text.replaceAll(`@wirestream/${adapter}`, '@wirestream/node')).toBe(inNode)
    },
  )

  test('have their command lines in the README', () => {
    const named = new Set(Array.from(commandsOf(adapter).keys(), (key) => key.split(' ')[0]))
    expect([...named].sort()).toEqual(programs)
  })
})

await describeAdapters((start) => {
  test.each(programs)('%s --help says how to use it', async (file) => {
    await using program = start(file, '--help')
    const { code, stdout, stderr } = await program.finished
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: ${file.split('/').at(-1)} `))
  })

  test.each(programs)('%s names an option that it does not know, in one line', async (file) => {
    await using program = start(file, '--bogus')
    const { code, stdout, stderr } = await program.finished
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^[\w-]+: .*--bogus.*\n$/)
  })

  const needed: Record<string, string[]> = { 'proxy/proxy.mjs': ['ws://127.0.0.1:9'], 'file-server.mjs': ['.'] }
  test.each(servers)('%s says in one line that the port is taken', async (file) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    try {
      await using program = start(file, '--port', String(portOf(other)), ...needed[file] ?? [])
      const { code, stdout, stderr } = await program.finished
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^[\w-]+: .*(?:in use|EADDRINUSE).*\n$/i)
    } finally {
      other.close()
    }
  })
})
