// What the command line got wrong: told in one line, without a stack, and the exit code is 2.

/** The arguments, or the files that they name, are not what can be worked with; the message says what was seen and what is known. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
