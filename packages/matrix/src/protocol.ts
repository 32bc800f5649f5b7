// What a runtime tells us while it runs the tests: one JSON object per line, behind a mark that sets it off from
// whatever else is printed. Shared by both sides; needs no runtime.

/** What stands before each line that is ours. */
export const MARK = '@matrix '

/** How one test ended. */
export type TestState = 'passed' | 'failed' | 'skipped'

/** One line. */
export type Line =
  /** A test starts: if nothing follows, it is the one that hangs or crashed. `name` is `file > suites > test`. */
  | { kind: 'start'; name: string }
  | { kind: 'end'; name: string; state: TestState; error?: string }
  /** Something failed outside every test: a file that does not load or has no test, a rejection that nobody handles. */
  | { kind: 'fault'; error: string }
  /** All files are through; nothing follows. */
  | { kind: 'done' }

/** One line as text. */
export function write(line: Line): string {
  return MARK + JSON.stringify(line)
}

/** The line, or undefined where the text is none of ours. */
export function read(text: string): Line | undefined {
  return text.startsWith(MARK) ? JSON.parse(text.slice(MARK.length)) as Line : undefined
}
