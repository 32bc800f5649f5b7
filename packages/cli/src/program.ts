// Chooses the command and turns every failure into one line on standard error and an exit code: 0 for success, 1 for what
// went wrong at run time, 2 for arguments that make no sense. No stack trace ever reaches the user.

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { UsageError } from './arguments.ts'
import { connectCommand } from './connect.ts'
import { describeFailure } from './failure.ts'
import { connectHelp, programHelp, serveHelp } from './help.ts'
import { Output, OutputClosed } from './output.ts'
import { serveCommand } from './serve.ts'

/** One of the program's commands. */
interface Command {
  readonly help: string
  /** Runs it with the arguments behind its name; gives the exit code, or throws what went wrong. */
  run(args: string[]): Promise<number>
}

const commands: ReadonlyMap<string, Command> = new Map([
  ['serve', { help: serveHelp, run: serveCommand }],
  ['connect', { help: connectHelp, run: connectCommand }],
])

/** Runs the program with the arguments behind its name; gives the exit code. */
export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args[0] === 'help' ? [...args.slice(1), '--help'] : args
  const command = commands.get(name ?? '')
  try {
    if (name === '--version') return await say(version())
    if (name === '--help' || name === '-h') return await say(programHelp)
    if (command === undefined) throw new UsageError(complaint(name))
    if (rest.includes('--help') || rest.includes('-h')) return await say(command.help)
    return await command.run(rest)
  } catch (error) {
    if (error instanceof OutputClosed) return 0 // as in `wirestream … | head`: nobody wants more
    process.stderr.write(`wirestream: ${describeFailure(error)}\n`)
    if (!(error instanceof UsageError)) return 1
    process.stderr.write(`Try: wirestream${command === undefined ? '' : ` ${name}`} --help\n`)
    return 2
  }
}

function complaint(name: string | undefined): string {
  const wanted = `want ${[...commands.keys()].join(' or ')}`
  if (name === undefined) return `no command given, ${wanted}`
  return `unknown ${name.startsWith('-') ? 'option' : 'command'} ${JSON.stringify(name)}, ${wanted}`
}

async function say(text: string): Promise<number> {
  const output = new Output()
  await output.write(`${text.trimEnd()}\n`)
  await output.flush()
  return 0
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
