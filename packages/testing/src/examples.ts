// Finds the TypeScript examples in documents and doc comments and writes each as a module of its own, so that the
// compiler can check them all at once. Owns no judgement: the test compiles and runs them.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceFile } from './source.ts'

/** One fenced block marked `ts`: where its first line of code stands (from 1), and whether it is marked `ts run`. */
export interface Example {
  path: string
  line: number
  code: string
  run: boolean
}

/** Every example in a Markdown document. */
export function markdownExamples({ path, text }: SourceFile): Example[] {
  const examples: Example[] = []
  let open: { example: Example; indent: string } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^(\s*)```(.*)$/.exec(line)
    if (open !== undefined) {
      if (fence !== null && fence[2] === '') {
        examples.push(open.example)
        open = undefined
      } else {
        open.example.code += `${line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart()}\n`
      }
    } else if (fence !== null) {
      const info = fence[2]!.trim().split(/\s+/)
      const example = { path, line: i + 2, code: '', run: info[1] === 'run' }
      // A block of another language is followed to its end too, so that its last fence opens nothing.
      open = { example, indent: fence[1]! }
      if (info[0] !== 'ts') example.path = ''
    }
  }
  if (open !== undefined) {
    throw new SyntaxError(`Cannot read ${path}: the block at line ${open.example.line - 1} has no end`)
  }
  return examples.filter((example) => example.path !== '')
}

/** Every example in the doc comments of a source file. */
export function docExamples({ path, text }: SourceFile): Example[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const before = text.slice(0, comment.index).split('\n').length - 1
    const body = comment[0].replace(/\*\/$/, '').split('\n').map((line) => line.replace(/^\s*\/?\*+ ?/, '')).join('\n')
    return markdownExamples({ path, text: body }).map((example) => ({ ...example, line: example.line + before }))
  })
}

/** Empties `folder` and writes each example into it as one module; gives their paths in the same order. */
export function writeExamples(folder: string, examples: Example[]): string[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return examples.map(({ path, line, code }) => {
    const file = join(folder, `${path.replace(/\.(ts|md)$/, '').replaceAll('/', '~')}~${line}.ts`)
    // `export {}` makes a module of an example without imports; at the end, so that line numbers stay.
    writeFileSync(file, `${code}export {}\n`)
    return file
  })
}
