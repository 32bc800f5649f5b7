// Reads arguments: which options there are is each command's business, what their texts mean stands here. Everything that
// makes no sense is a `UsageError` that says what was wanted.

import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The arguments make no sense; the message says what was seen and what was wanted. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>

/** What `util.parseArgs` gives for these options, with operands allowed. */
export type Arguments<O extends OptionsConfig> = Pick<
  ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>>,
  'values' | 'positionals'
>

/** More would not fit into a timer's milliseconds. */
const MOST_SECONDS = 2_147_482

/** Takes arguments apart. Throws `UsageError` for an option that is unknown, incomplete or given a value it does not take. */
export function readArguments<const O extends OptionsConfig>(args: string[], options: O): Arguments<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    const { message } = error as Error
    const [, option] = /^Option '(\S+)' argument is ambiguous/.exec(message) ?? []
    if (option !== undefined) {
      throw new UsageError(`${option} wants a value; one that begins with a dash goes as ${option}=VALUE`)
    }
    // The platform's first sentence names the fault, in quotes of its own; the rest teaches its own syntax.
    const [fault] = message.split(/\.? To specify|\n/)
    throw new UsageError(fault!.replace(/^[A-Z](?=[a-z])/, lower).replace(/'(.*)'/, '"$1"'))
  }
}

/**
 * For what a library call rejects with: what cannot even be asked for is the arguments' fault and becomes a `UsageError`; what
 * the system, the network or a peer says is thrown on as it is.
 */
export function blameArguments(error: unknown): never {
  const ours = error instanceof TypeError || (error instanceof DOMException && error.name === 'SyntaxError')
  throw ours ? new UsageError(error.message) : error
}

/** A whole number between two bounds, both allowed. */
export function readWholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`)
}

/** Seconds, fractions allowed, as milliseconds. */
export function readSeconds(option: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && value >= least && value <= MOST_SECONDS) return Math.ceil(value * 1000)
  const wanted = `a number of seconds from ${least} to ${MOST_SECONDS}, such as 10 or 0.5`
  throw new UsageError(`${option} must be ${wanted}, got ${JSON.stringify(text)}`)
}

/** Header fields such as `Name: value`, in order. What may stand in them is judged when the request is built. */
export function readHeaders(texts: readonly string[]): [name: string, value: string][] {
  return texts.map((text) => {
    const colon = text.indexOf(':')
    if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1).trim()]
    throw new UsageError(`--header must be like 'Name: value', got ${JSON.stringify(text)}`)
  })
}

/** Whether a text is an origin as browsers send it, such as `https://example.com`. */
export function isOrigin(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/i.test(text) && URL.canParse(text)
}

function lower(letter: string): string {
  return letter.toLowerCase()
}
