// Reads TypeScript as tokens, so that a rule about code never trips over a comment or a string.
// Owns no rule: what the tokens must satisfy stands in `architecture.ts`.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SyntaxKind } from 'typescript/unstable/ast'
import { createScanner } from 'typescript/unstable/ast/scanner'

/** One file: its path with `/` from the folder that was asked for, and its text. */
export interface SourceFile {
  path: string
  text: string
}

/** One token of the code; comments and white space are none. `line` counts from 1. */
export interface Token {
  text: string
  kind: 'identifier' | 'string' | 'other'
  line: number
}

/** One import or re-export: the module as it is written. `line` counts from 1. */
export interface Import {
  specifier: string
  line: number
}

/** Every `.ts` file below `folder`, in the order of their paths. Empty when there is no such folder. */
export function readSources(folder: string): SourceFile[] {
  let names: string[]
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: name.replaceAll('\\', '/'), text: readFileSync(join(folder, name), 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The tokens of `text`. A template literal gives its parts as strings, and the code between them as code. */
export function tokens(text: string): Token[] {
  const scanner = createScanner(true, 0, text)
  const found: Token[] = []
  const braces: ('template' | 'block')[] = []
  let line = 1
  let counted = 0
  while (scanner.scan() !== SyntaxKind.EndOfFile) {
    if (scanner.getToken() === SyntaxKind.SlashToken || scanner.getToken() === SyntaxKind.SlashEqualsToken) {
      if (!endsOperand(found.at(-1))) scanner.reScanSlashToken()
    } else if (scanner.getToken() === SyntaxKind.OpenBraceToken) {
      braces.push('block')
    } else if (scanner.getToken() === SyntaxKind.CloseBraceToken && braces.pop() === 'template') {
      scanner.reScanTemplateToken(false)
    }
    const kind = scanner.getToken()
    if (kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle) braces.push('template')
    const start = scanner.getTokenStart()
    for (; counted < start; counted++) if (text.charCodeAt(counted) === 10) line++
    found.push({ text: isString(kind) ? scanner.getTokenValue() : scanner.getTokenText(), kind: sort(kind), line })
  }
  return found
}

/** Every module that `text` imports or re-exports from: `from '…'`, `import '…'` and `import('…')`. */
export function imports(text: string): Import[] {
  const all = tokens(text)
  const found: Import[] = []
  for (const [i, token] of all.entries()) {
    if (token.kind !== 'string') continue
    const before = all[i - 1]?.text
    const called = before === '(' && all[i - 2]?.text === 'import'
    if (before === 'from' || before === 'import' || called) found.push({ specifier: token.text, line: token.line })
  }
  return found
}

function sort(kind: SyntaxKind): Token['kind'] {
  if (isString(kind)) return 'string'
  return kind === SyntaxKind.Identifier || isKeyword(kind) ? 'identifier' : 'other'
}

function isString(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.StringLiteral || kind === SyntaxKind.NoSubstitutionTemplateLiteral ||
    kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle || kind === SyntaxKind.TemplateTail
}

function isKeyword(kind: SyntaxKind): boolean {
  return kind >= SyntaxKind.FirstKeyword && kind <= SyntaxKind.LastKeyword
}

/** Whether a slash after this token divides; otherwise it opens a regular expression. */
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.kind === 'identifier') {
    return !['return', 'typeof', 'case', 'in', 'of', 'await', 'yield'].includes(token.text)
  }
  return token.kind === 'string' || /^[\w)\]}/]/.test(token.text)
}
