// Law: the README's server and client run as they stand, as two programs of a user who has installed our packages.
// Only the port differs: the system chooses it. They see what was built.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(`${root}README.md`, 'utf8')
const started: ChildProcess[] = []
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wirestream-readme-'))
  mkdirSync(join(folder, 'node_modules/@wirestream'), { recursive: true })
  symlinkSync(`${root}packages/node`, join(folder, 'node_modules/@wirestream/node'), 'junction')
})

afterAll(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill()
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true })
})

test("the README's client talks to the README's server", async () => {
  const server = run('server', ['port: 8080', 'port: 0'])
  const lines = createInterface({ input: server.stdout! })[Symbol.asyncIterator]()
  const [, url] = /^listening on (ws:\/\/\S+)$/.exec((await lines.next()).value ?? '') ?? []
  expect(url, 'the first line of the server').toBeDefined()

  const client = run('client', ['ws://127.0.0.1:8080/', url!])
  let printed = ''
  client.stdout!.setEncoding('utf8').on('data', (text: string) => printed += text)
  const [code] = await once(client, 'close')
  expect({ code, printed }).toEqual({ code: 0, printed: 'hello\n' })

  expect((await lines.next()).value).toMatch(/^\S*127\.0\.0\.1 asked for \/$/)
  expect(server.exitCode).toBeNull() // and it goes on
})

/** Starts one of the README's programs with one text in place of another. */
function run(name: string, [documented, here]: [string, string]): ChildProcess {
  const code = new RegExp(`^\`\`\`ts ${name}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(readme)?.[1] ?? ''
  expect(code).toContain(documented)
  // No type stands in them, so that a newcomer can paste them into a plain .mjs file too.
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code.replace(documented, here))
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  return child
}
