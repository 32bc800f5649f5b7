// Arguments that make no sense, and the help for those who ask: exit code 2 with one line and a hint, or 0.

import { spawnSync } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { expectOneComplaint, Program, run } from './support/program.ts'

describe('the program', () => {
  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it.each([
    [['--help'], 'wirestream connect ws://127.0.0.1:8080'],
    [['connect', '--help'], "--header 'Authorization: Bearer TOKEN'"],
    [['serve', '--help'], 'wirestream serve --echo --port 8080'],
    [['connect', '--help'], '130 interrupted (Ctrl-C, SIGINT); 143 terminated (SIGTERM)'],
    [['connect', '--help'], 'Ctrl-C again ends at once'],
    [['serve', '--help'], '16M, 16MB and 16MiB are the same'],
    [['help'], 'wirestream connect ws://127.0.0.1:8080'],
    [['help', 'connect'], "--header 'Authorization: Bearer TOKEN'"],
  ])('helps with examples: %j', async (args, example) => {
    const { code, stderr, stdout } = await run(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Examples\n')
    expect(stdout).toContain(example)
  })

  it.each([
    [[], 'no command given, want serve or connect'],
    [['listen'], 'unknown command "listen"'],
    [['--verbose'], 'unknown option "--verbose"'],
    [['help', 'nonsense'], 'unknown command "nonsense", want serve or connect'],
    [['serve'], 'serve --echo'],
    [['serve', '--echo', '--verbose'], 'unknown option "--verbose"'],
    [['serve', '--echo', 'here'], 'takes no operand, got "here"'],
    [['serve', '--echo', '--port', '65536'], '--port must be a whole number from 0 to 65535, got "65536"'],
    [['serve', '--echo', '--port', '1e3'], 'got "1e3"'],
    [['serve', '--echo', '--max-message-size', '1.5'], '--max-message-size must be'],
    [['serve', '--echo', '--origin', 'nowhere'], 'nowhere'],
    [['serve', '--echo', '--host', ''], '--host must be a name or an address, got ""'],
    [['serve', '--echo', '--host', '[]'], '--host must be a name or an address, got "[]"'],
    [['serve', '--echo', '--host', 'a b'], '--host must be a name or an address, got "a b"'],
    [['serve', '--echo', '--host', '[::1'], '--host must be a name or an address, got "[::1"'],
    [['serve', '--echo', '--host', '[localhost]'], '--host must be a name or an address, got "[localhost]"'],
    [['serve', '--echo', '--host', 'localhost:80'], '--host must be a name or an address, got "localhost:80"'],
    [['serve', '--echo', '--host', '1.2.3.256'], '--host must be a name or an address, got "1.2.3.256"'],
    [['serve', '--echo', '--protocol', 'a b'], 'a subprotocol must be a token, got "a b"'],
    [['serve', '--echo', '--protocol', ''], 'a subprotocol must be a token, got ""'],
    [['connect'], 'connect wants one URL, got none'],
    [['connect', 'ws://a', 'ws://b'], 'connect wants one URL, got 2'],
    [['connect', 'localhost:8080'], 'malformed URL: want it to begin with ws:// or wss://, got "localhost:8080"'],
    [['connect', 'ws://'], 'malformed URL'],
    [
      ['connect', 'ws://host:99999'],
      'malformed URL: want a host behind the scheme, and perhaps a port of at most 65535',
    ],
    [['connect', 'ws://host/#part'], 'want no fragment'],
    [['connect', 'ws://host', '--header'], '--header'],
    [['connect', 'ws://host', '--header', 'none'], '--header must be like \'Name: value\', got "none"'],
    [['connect', 'ws://host', '--header', 'a b: c'], 'header'],
    [['connect', 'ws://host', '--header', 'Upgrade: h2c'], 'Upgrade'],
    [['connect', 'ws://host', '--protocol', 'a b'], 'got "a b"'],
    [['connect', 'ws://host', '--origin', 'foo'], '--origin must be like https://example.com, or null, got "foo"'],
    [['connect', 'ws://host', '--origin', 'https://a/'], '--origin must be like https://example.com'],
    [['connect', 'ws://host', '--origin', ''], '--origin must be like https://example.com, or null, got ""'],
    [['connect', 'ws://host', '--origin', 'http://a', '--header', 'origin: http://b'], 'want one origin'],
    [
      ['connect', 'ws://host', '--timeout', 'soon'],
      '--timeout must be a number of seconds from 0.001 to 2147482, such as 10 or 0.5, got "soon"',
    ],
    [['connect', 'ws://host', '--timeout', '99999999'], 'from 0.001 to 2147482'],
    [['connect', 'ws://host', '--timeout', '.5'], 'such as 10 or 0.5, got ".5"'],
    [
      ['connect', 'ws://host', '--linger', '-1'],
      '--linger wants a value; one that begins with a dash goes as --linger=VALUE',
    ],
    [
      ['connect', 'ws://host', '--linger=-1'],
      '--linger must be a number of seconds from 0 to 2147482, such as 10 or 0.5, got "-1"',
    ],
    [['connect', 'ws://host', '--ca', '/does/not/exist'], '--ca must be a file that can be read'],
    [['connect', 'ws://host', '--insecure=yes'], '--insecure'],
  ])('refuses %j', async (args, complaint) => {
    const finished = await run(args)
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(expectOneComplaint(finished)).toContain(complaint)
    expect(finished.stderr).toMatch(/\nTry: wirestream (?:\w+ )?--help\n$/)
  })

  it('says that nobody listens there', async () => {
    const finished = await run(['connect', 'ws://127.0.0.1:1'])
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toContain('ECONNREFUSED 127.0.0.1:1')
  })

  it('says that there is no such host', async () => {
    const finished = await run(['connect', 'ws://nowhere.invalid'])
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toContain('nowhere.invalid')
  })
})

describe('output that nobody takes', () => {
  it.each([[['--help']], [['--version']], [['help', 'connect']]])('is no failure: %j', async (args) => {
    await using program = new Program(args)
    program.child.stdout.destroy()
    expect(await program.finished).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('changes no exit code where it is a complaint', async () => {
    await using program = new Program(['connect', '--bogus'])
    program.child.stderr.destroy()
    expect((await program.finished).code).toBe(2)
  })

  it.skipIf(!existsSync('/dev/full'))('is a failure in one line on a full disk', () => {
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [main, '--version'], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^wirestream: ENOSPC.*\n$/)
  })
})
