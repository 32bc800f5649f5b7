// Law: Deno itself finds no fault in the sources, and they need no permission but those that the README names.

import { findRuntime } from '@wirestream/runtimes'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const home = fileURLToPath(new URL('../', import.meta.url))
const found = await findRuntime('Deno')

if ('missing' in found) {
  test(`not run: Deno: ${found.missing}`, (context) => {
    expect(process.env['CI'], 'CI has every runtime').toBeUndefined()
    context.skip()
  })
} else {
  /** Runs Deno in this package; gives its exit code and all that it printed. */
  const deno = (...args: string[]): { status: number | null; output: string } => {
    const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
    const { status, stdout, stderr } = spawnSync(found.program, args, { cwd: home, env, encoding: 'utf8' })
    return { status, output: stdout + stderr }
  }

  test('the types fit those of Deno, of which src/runtime.d.ts is a part', () => {
    expect(deno('check', 'src/index.ts')).toMatchObject({ status: 0 })
  })

  test('it can be published: no slow types, and every file that it takes', () => {
    const { status, output } = deno('publish', '--dry-run', '--allow-dirty')
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('src/byte-streams.ts') })
    expect(output).not.toContain('runtime.d.ts')
  })

  describe('programs of their own', () => {
    let folder: string
    let unix: string

    beforeAll(() => {
      // Below the package, where Deno finds the workspace, in a folder that no tool looks into.
      mkdirSync(join(home, 'dist'), { recursive: true })
      folder = mkdtempSync(join(home, 'dist/test-'))
      unix = join(mkdtempSync(join(tmpdir(), 'wirestream-')), 'socket')
    })

    afterAll(() => rmSync(folder, { recursive: true }))

    /** Runs a module with these permissions and no others. */
    const run = (code: string, ...permissions: string[]) => {
      const file = join(folder, 'program.ts')
      writeFileSync(file, `import { connect, serve, WebSocketError } from '../../src/index.ts'\n${code}`)
      return deno('run', '--no-prompt', '--no-check', ...permissions, file)
    }

    const echo = `
      const options = JSON.parse(Deno.args[0] ?? '{}')
      await using listener = await serve(options, ({ readable, writable }) => readable.pipeTo(writable))
      await using connection = await connect(options.unix ? 'ws://localhost/' : listener.url, options)
      await connection.send('hello')
      console.log((await connection.readable.getReader().read()).value)`

    test('--allow-net for the host is all that TCP takes', () => {
      expect(run(echo, '--allow-net=127.0.0.1')).toEqual({ status: 0, output: 'hello\n' })
    })

    test('--allow-net, --allow-read and --allow-write for the path are all that a Unix socket takes', () => {
      const code = echo.replace("Deno.args[0] ?? '{}'", `'{"unix":"${unix}"}'`)
      const permissions = [`--allow-net=unix:${unix}`, `--allow-read=${unix}`, `--allow-write=${unix}`]
      expect(run(code, ...permissions)).toEqual({ status: 0, output: 'hello\n' })
    })

    test.each([
      [
        'connect',
        `connect('ws://127.0.0.1:9/')`,
        'Cannot open WebSocket: cannot connect to 127.0.0.1:9: Requires net access',
      ],
      ['serve', 'serve({}, () => {})', 'Cannot serve WebSocket: cannot listen on 127.0.0.1:0: Requires net access'],
    ])('without one, %s rejects with a WebSocketError that names it', (_, act, message) => {
      const code =
        `await ${act}.catch((error) => console.log(error instanceof WebSocketError, error.message, error.cause.name))`
      const { status, output } = run(code)
      expect(status).toBe(0)
      expect(output).toMatch(new RegExp(`^true ${message.replaceAll('.', '\\.')} .*--allow-net.* NotCapable\n$`))
    })

    test('peers that reset before they are accepted are no fault of the listener, and make nobody wait', () => {
      const { status, output } = run(
        `
        const { listen } = Deno
        Deno.listen = (options) => {
          const listener = listen(options)
          const accept = listener.accept.bind(listener)
          let gone = 300
          listener.accept = () => gone-- > 0 ? Promise.reject(new Deno.errors.NotConnected('gone')) : accept()
          return listener
        }
        const onError = (error) => console.log(error)
        await using listener = await serve({ onError }, ({ readable, writable }) => readable.pipeTo(writable))
        await using connection = await connect(listener.url) // in ten seconds; with a pause behind each it would be thirty
        await connection.send('hello')
        console.log((await connection.readable.getReader().read()).value)`,
        '--allow-net=127.0.0.1',
      )
      expect({ status, output }).toEqual({ status: 0, output: 'hello\n' })
    })
  })
}
